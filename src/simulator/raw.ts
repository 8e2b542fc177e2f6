import type { Json } from './record.ts'

/** Newer than the type library; in every Node this project runs on. */
declare global {
  interface JSON {
    rawJSON(text: string): { readonly rawJSON: string }
  }
}

/** A number exactly as the real API spells it, which no JavaScript number would keep: `0E-10`. */
export const rawNumber = (token: string): Json => JSON.rawJSON(token)
