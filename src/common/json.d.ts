/** Source text access of JSON, which Node has and the compiler's library does not yet describe. */
interface JSON {
  rawJSON(text: string): object
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}
