export const tab = 0x09
export const lineFeed = 0x0a
export const carriageReturn = 0x0d
export const space = 0x20
export const quote = 0x22
export const colon = 0x3a
export const semicolon = 0x3b
export const equals = 0x3d
export const backslash = 0x5c

/** Bytes of a token (RFC 9110, section 5.6.2): 1 for each that may stand in one. */
export const isToken = new Uint8Array(256)
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  isToken[character.charCodeAt(0)] = 1
}

/** Bytes of a field value or a reason phrase (RFC 9110, section 5.5): no control character but the tab. */
export const isText = new Uint8Array(256)
  .fill(1, 0x20)
  .fill(1, tab, tab + 1)
  .fill(0, 0x7f, 0x80)

/** The value of a hexadecimal digit, 255 for any other byte. */
export const hexValue = new Uint8Array(256).fill(255)
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  hexValue[digit.charCodeAt(0)] = value
  hexValue[digit.toUpperCase().charCodeAt(0)] = value
}
