/**
 * Images out of bytes. Browsers have a decoder that answers several times sooner than `createImageBitmap`, which counts
 * while a slider moves; it is there on this machine and over https, else the usual way is taken.
 *
 * @typedef {ImageBitmap|VideoFrame} Image   can be drawn; its owner closes it
 */

/** @param {Uint8Array} bytes @param {string} type @returns {Promise<Image>} */
export async function decode(bytes, type) {
  if (!globalThis.ImageDecoder) return createImageBitmap(new Blob([bytes], { type }));
  const decoder = new ImageDecoder({ data: bytes, type });
  try {
    return (await decoder.decode()).image;
  } finally {
    decoder.close();
  }
}
