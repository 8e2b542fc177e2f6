import type { PageDecoder } from '../common/model.ts'
import type { Stream } from '../schema/stream.ts'
import { pageDecoder } from '../transform/decode-page.ts'

/** Makes one decoder for each stream: compiling a declaration takes longer than decoding a page. */
export function pageDecoders(): (stream: Stream) => PageDecoder {
  const decoders = new Map<Stream, PageDecoder>()
  return stream => {
    const decoder = decoders.get(stream) ?? pageDecoder(stream)
    decoders.set(stream, decoder)
    return decoder
  }
}
