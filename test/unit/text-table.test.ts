import { expect, test } from 'vitest'
import { textTable } from '../../src/cli/text-table.ts'

const lines = (...text: string[]): string => text.join('\n')

test.each([
  ['no rows', ['a', 'bc'], [], 'a  bc'],
  [
    'text is aligned to the left',
    ['stream', 'mode'],
    [
      ['a', 'full'],
      ['charges', 'x'],
    ],
    lines('stream   mode', 'a        full', 'charges  x'),
  ],
  [
    'numbers are aligned to the right',
    ['name', 'rows'],
    [
      ['a', 5],
      ['b', 12345],
    ],
    lines('name   rows', 'a         5', 'b     12345'),
  ],
  [
    'null among numbers is a dash on the right',
    ['name', 'n'],
    [
      ['a', null],
      ['b', 12],
    ],
    lines('name   n', 'a      –', 'b     12'),
  ],
  [
    'null among text is a dash on the left',
    ['name', 'at'],
    [
      ['a', null],
      ['b', 'now'],
    ],
    lines('name  at', 'a     –', 'b     now'),
  ],
  [
    'a column of numbers and text is aligned to the left',
    ['n', 'm'],
    [
      [1, 'x'],
      ['all', 'y'],
    ],
    lines('n    m', '1    x', 'all  y'),
  ],
  ['a head wider than its column', ['a long head', 'n'], [['a', 1]], lines('a long head  n', 'a            1')],
  [
    'lines have no spaces at the end',
    ['a', 'long head'],
    [
      ['a', 'x'],
      ['b', ''],
    ],
    lines('a  long head', 'a  x', 'b'),
  ],
  ['a row with too few cells', ['a', 'b'], [['x']], lines('a  b', 'x')],
])('%s', (_what, head, rows, expected) => {
  expect(textTable(head, rows)).toBe(expected)
})
