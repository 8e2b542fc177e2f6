/** Node has it (source text access of JSON); the compiler's library lacks this one of the two functions. */
interface JSON {
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}
