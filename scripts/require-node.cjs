// Plain, old JavaScript on purpose: it must run on any Node to say that this Node is too old.
'use strict'
var major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error(
    'headgate needs Node 24 or newer, and this is ' +
      process.version +
      ' (' +
      process.execPath +
      '). ' +
      'Run it through npm in the project folder after `npm ci`, which brings its own Node, or install a newer Node.',
  )
  process.exit(1)
}
