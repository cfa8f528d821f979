const shortestWaitMs = 400
const longestWaitMs = 5_000
/** A gateway that says nothing for so long is out of reach, whatever the connection believes. */
const silenceMs = 5_000

/**
 * The live stream of the gateway, opened again whenever it is lost. `onState` gets `live`, `stale` or `lost`, and how
 * many seconds ago the last frame came.
 */
export function openLink({ onFrame, onState }) {
  let socket
  let lastFrameAt
  let waitMs = shortestWaitMs

  function open() {
    socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/stream`)
    socket.addEventListener('message', ({ data }) => {
      lastFrameAt = performance.now()
      waitMs = shortestWaitMs
      onFrame(JSON.parse(data))
      tell()
    })
    socket.addEventListener('close', () => {
      tell()
      setTimeout(open, waitMs * (0.5 + Math.random()))
      waitMs = Math.min(waitMs * 2, longestWaitMs)
    })
  }

  function tell() {
    const silentMs = lastFrameAt === undefined ? undefined : performance.now() - lastFrameAt
    const isOpen = socket.readyState === WebSocket.OPEN
    if (silentMs > silenceMs && isOpen) socket.close()
    const state = !isOpen ? 'lost' : silentMs > 2_500 ? 'stale' : 'live'
    onState(lastFrameAt === undefined && !isOpen ? 'connecting' : state, Math.round((silentMs ?? 0) / 1000))
  }

  open()
  setInterval(tell, 1_000)
}
