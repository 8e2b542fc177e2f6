import { stringify } from 'yaml'

/** A document as YAML, each text in one line. Equal values give equal texts. */
export const yamlText = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
