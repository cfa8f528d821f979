/** What a media type must look like for an extension; the others take whatever is no page and no data of an API. */
const TYPES: Record<string, RegExp> = {
  css: /^text\/css$/,
  js: /javascript$|ecmascript$/,
  mjs: /javascript$|ecmascript$/,
  map: /^application\/(?:json|.+\+json|octet-stream)$|^text\/plain$/,
  json: /^application\/(?:json|.+\+json)$|^text\/json$/,
  txt: /^text\/plain$/,
  wasm: /^application\/(?:wasm|octet-stream)$/,
}
const IMAGE = /^image\/|^application\/octet-stream$/
const FONT =
  /^font\/|^application\/(?:x-)?font|^application\/vnd\.ms-(?:fontobject|opentype)$|^application\/octet-stream$/
for (const name of ['png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'avif', 'ico']) TYPES[name] = IMAGE
for (const name of ['woff', 'woff2', 'ttf', 'otf', 'eot']) TYPES[name] = FONT

/** Types that answer for a person more often than they are an asset. */
const DYNAMIC =
  /^text\/html$|^application\/(?:xhtml\+xml|json|xml|.+\+json|.+\+xml)$|^text\/(?:xml|json)$|^multipart\//

/** Tells static assets by the extension of the path, and by the media type of the answer. */
export class StaticAssets {
  readonly #extensions: ReadonlySet<string>

  /** @param extensions without a dot; case does not matter */
  constructor(extensions: readonly string[]) {
    this.#extensions = new Set(extensions.map((name) => name.toLowerCase().replace(/^\./, '')))
  }

  /** Whether a target asks for a static asset. */
  isAsset(target: string): boolean {
    const extension = extensionOf(target)
    return extension !== undefined && this.#extensions.has(extension)
  }

  /**
   * Whether an answer is what the path promises. `/account/x.css` that is answered with a page is not: such a
   * page may be one person's, and must not be stored for everybody (web cache deception).
   */
  isAssetType(target: string, contentType: string | undefined): boolean {
    const extension = extensionOf(target)
    const type = (contentType ?? '').replace(/;.*/s, '').trim().toLowerCase()
    if (extension === undefined || type === '') return false
    const expected = Object.hasOwn(TYPES, extension) ? TYPES[extension] : undefined
    return expected === undefined ? !DYNAMIC.test(type) : expected.test(type)
  }
}

function extensionOf(target: string): string | undefined {
  const query = target.indexOf('?')
  const end = query < 0 ? target.length : query
  const dot = target.lastIndexOf('.', end - 1)
  if (dot < 0 || end - dot > 16 || target.lastIndexOf('/', end - 1) > dot) return undefined
  return target.slice(dot + 1, end).toLowerCase()
}
