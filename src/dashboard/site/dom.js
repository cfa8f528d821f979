const svgNamespace = 'http://www.w3.org/2000/svg'

/** An element. Attributes that are undefined are left out; children that are text stay text. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children)
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(svgNamespace, name), attributes, children)
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) node.setAttribute(key, value)
  }
  node.append(...children)
  return node
}

/** Writes only what has changed, so that a reader or a selection is not disturbed. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

export function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

/**
 * Keeps one view for each item, by key, in the order of the items: views that stay are updated in place, and so keep
 * the focus.
 */
export class KeyedList {
  #views = new Map()
  #parent
  #create

  constructor(parent, create) {
    this.#parent = parent
    this.#create = create
  }

  update(items, keyOf, updateView) {
    const keys = new Set(items.map(keyOf))
    for (const [key, view] of this.#views) {
      if (keys.has(key)) continue
      view.element.remove()
      this.#views.delete(key)
    }
    let previous = null
    for (const item of items) {
      const key = keyOf(item)
      let view = this.#views.get(key)
      if (view === undefined) {
        view = this.#create(item)
        this.#views.set(key, view)
      }
      const place = previous === null ? this.#parent.firstElementChild : previous.nextElementSibling
      if (place !== view.element) this.#parent.insertBefore(view.element, place)
      previous = view.element
      updateView(view, item)
    }
    return items.map((item) => this.#views.get(keyOf(item)))
  }
}
