import { svg } from './dom.js'

const width = 132
const gateX = 26

/** The picture of the traffic: what comes in passes a gate, and parts into one stream for each server. */
export class Streams {
  #gate = svg('rect', { class: 'gate', x: gateX - 4, width: 8, rx: 4 })
  #inlet = svg('path', { class: 'inlet' })
  #paths = []

  constructor() {
    this.element = svg('svg', { class: 'streams', 'aria-hidden': 'true' }, this.#inlet)
  }

  /** @param rows what each server gets of the traffic, 0 to 1, its tone, and where the middle of its row is */
  update(rows, height) {
    this.element.setAttribute('viewBox', `0 0 ${width} ${height}`)
    this.element.setAttribute('height', height)
    while (this.#paths.length > rows.length) this.#paths.pop().remove()
    while (this.#paths.length < rows.length) {
      const path = svg('path')
      this.#paths.push(path)
      this.element.append(path)
    }
    this.element.append(this.#gate)
    const opening = Math.max(14, Math.min(64, height - 24))
    const middle = height / 2
    let y = middle - opening / 2
    for (const [index, { share, tone, center }] of rows.entries()) {
      const thickness = share * opening
      const path = this.#paths[index]
      path.setAttribute('class', `stream tone-${tone}${share > 0 ? '' : ' dry'}`)
      path.style.strokeWidth = `${share > 0 ? Math.max(thickness, 1.2) : 1}px`
      const from = share > 0 ? y + thickness / 2 : middle
      path.setAttribute(
        'd',
        `M${gateX} ${from}C${gateX + 62} ${from} ${width - 66} ${center} ${width} ${center}`,
      )
      y += thickness
    }
    const hasTraffic = rows.some(({ share }) => share > 0)
    this.#inlet.setAttribute('d', `M0 ${middle}H${gateX}`)
    this.#inlet.style.strokeWidth = `${hasTraffic ? opening : 1}px`
    this.#gate.setAttribute('y', middle - opening / 2 - 7)
    this.#gate.setAttribute('height', opening + 14)
  }
}
