import { setText } from './dom.js'

const part = (id) => document.getElementById(id)

/** Known once somebody has typed it; forgotten with the page. */
let token
let pending

/**
 * Asks before something is done, for the token too where it is not known, and says what came of it.
 *
 * @param ask `title`, `text`, `confirm`, `fields` (elements), `needsToken`, and `run(token)`, which resolves with the
 * response; `onDone(body)` returns elements to show, or nothing to close
 */
export function openDialog(ask) {
  pending = ask
  setText(part('dialog-title'), ask.title)
  setText(part('dialog-text'), ask.text)
  setText(part('confirm'), ask.confirm)
  part('confirm').classList.toggle('danger', ask.isGrave === true)
  part('dialog-fields').replaceChildren(...(ask.fields ?? []))
  part('dialog-result').replaceChildren()
  showToken()
  fail('')
  part('dialog').showModal()
  const first = part('dialog-fields').querySelector('input, select')
  ;(first ?? (part('token-label').hidden ? part('cancel') : part('token'))).focus()
}

function showToken() {
  part('token-label').hidden = pending.needsToken === false || token !== undefined
}

function fail(text) {
  setText(part('dialog-error'), text)
}

async function run() {
  const typed = part('token').value.trim()
  if (!part('token-label').hidden && typed === '') return fail('The admin token is needed.')
  const used = token ?? typed
  part('confirm').disabled = true
  try {
    const response = await pending.run(used)
    if (response.ok) return await finish(response, used)
    if (response.status === 401) {
      token = undefined
      showToken()
    }
    const { detail } = await response.json()
    fail(detail)
  } catch {
    fail('The gateway cannot be reached.')
  } finally {
    part('confirm').disabled = false
  }
}

async function finish(response, used) {
  if (pending.needsToken !== false) token = used
  part('token').value = ''
  fail('')
  const shown = pending.onDone?.(await response.json())
  if (shown === undefined) part('dialog').close()
  else part('dialog-result').replaceChildren(...shown)
}

part('dialog')
  .querySelector('form')
  .addEventListener('submit', (event) => {
    event.preventDefault()
    void run()
  })
part('cancel').addEventListener('click', () => part('dialog').close())
part('dialog').addEventListener('close', () => {
  part('token').value = ''
})

/** Sends a change. */
export function change(method, path, used, body) {
  return fetch(path, {
    method,
    headers: {
      authorization: `Bearer ${used}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}
