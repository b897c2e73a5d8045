/** @file Rows of bytes as an image that a page carries in itself: a BMP, which needs no compression and no library. */

/** Red, green, blue of the lowest and the highest byte, and of those between at equal distances. */
export type ColourStops = readonly (readonly [number, number, number])[]

/** A data URI of `height` rows of `width` bytes, the first row on top. */
export function heatImage(bytes: Uint8Array, width: number, height: number, stops: ColourStops): string {
  const stride = Math.ceil(width / 4) * 4
  const start = 54 + 1024
  const file = new Uint8Array(start + stride * height)
  const view = new DataView(file.buffer)
  view.setUint16(0, 0x424d)
  view.setUint32(2, file.length, true)
  view.setUint32(10, start, true)
  view.setUint32(14, 40, true)
  view.setInt32(18, width, true)
  // negative: from the top down
  view.setInt32(22, -height, true)
  view.setUint16(26, 1, true)
  view.setUint16(28, 8, true)
  for (let step = 0; step < 256; step++) {
    const [red, green, blue] = colourAt(step / 255, stops)
    file.set([blue, green, red, 0], 54 + step * 4)
  }
  for (let row = 0; row < height; row++) file.set(bytes.subarray(row * width, (row + 1) * width), start + row * stride)
  return `data:image/bmp;base64,${base64(file)}`
}

/** Bytes in base64, without a limit on their number. */
export function base64(bytes: Uint8Array): string {
  let binary = ''
  for (let from = 0; from < bytes.length; from += 8192)
    binary += String.fromCharCode(...bytes.subarray(from, from + 8192))
  return btoa(binary)
}

function colourAt(share: number, stops: ColourStops): [number, number, number] {
  const place = share * (stops.length - 1)
  const below = Math.min(Math.floor(place), stops.length - 2)
  const [from, to] = [stops[below]!, stops[below + 1]!]
  const mix = (index: 0 | 1 | 2): number => Math.round(from[index] + (to[index] - from[index]) * (place - below))
  return [mix(0), mix(1), mix(2)]
}
