/*
 * Loaded into the gateway by the soak, with --expose-gc: without it, what a heap holds and what it has yet to collect
 * cannot be told apart. It works beside the event loop as far as it can.
 */
setInterval(() => globalThis.gc({ type: 'major', execution: 'async' }), 5_000).unref()
