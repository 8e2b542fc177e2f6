/** A column of a stream's own table that names the record of another stream, or of the same. */
export interface OwnerColumn {
  readonly column: string
  /** The stream of the record that is named. */
  readonly stream: string
  /** Only in rows that have this value in another column; null: in every row. */
  readonly when: { readonly column: string; readonly value: string } | null
}

/** How the person to whom a record belongs is found. */
export interface Ownership {
  /** Columns with the id of a customer. Where one has a value, these alone decide. */
  readonly direct: readonly OwnerColumn[]
  /** Where no customer is named: columns with the id of another record, which belongs to a person. */
  readonly indirect: readonly OwnerColumn[]
  /** The same: the column with the email address of the customer; null: there is none. */
  readonly contact: string | null
  /** The same: columns of JSON in which ids and email addresses are looked for. */
  readonly mentions: readonly string[]
  /** Records of other streams belong to whom a record of this one belongs to. */
  readonly isReferenced: boolean
}

/** The stream whose records are the persons. */
export const PERSONS = 'customers'
