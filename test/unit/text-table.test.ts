import { expect, test } from 'vitest'
import { textTable } from '../../src/cli/text-table.ts'

const lines = (...text: string[]): string => text.join('\n')

test.each([
  ['only a head', ['a', 'bc'], [], 'a  bc'],
  [
    'texts to the left',
    ['stream', 'mode'],
    [
      ['a', 'full'],
      ['charges', 'x'],
    ],
    lines('stream   mode', 'a        full', 'charges  x'),
  ],
  [
    'numbers to the right',
    ['name', 'rows'],
    [
      ['a', 5],
      ['b', 12345],
    ],
    lines('name   rows', 'a         5', 'b     12345'),
  ],
  [
    'null as a dash, among numbers to the right',
    ['name', 'n'],
    [
      ['a', null],
      ['b', 12],
    ],
    lines('name   n', 'a      –', 'b     12'),
  ],
  [
    'null as a dash, among texts to the left',
    ['name', 'at'],
    [
      ['a', null],
      ['b', 'now'],
    ],
    lines('name  at', 'a     –', 'b     now'),
  ],
  [
    'a text among numbers keeps all to the left',
    ['n', 'm'],
    [
      [1, 'x'],
      ['all', 'y'],
    ],
    lines('n    m', '1    x', 'all  y'),
  ],
  ['a head wider than what is below', ['a long head', 'n'], [['a', 1]], lines('a long head  n', 'a            1')],
  [
    'no spaces at the end',
    ['a', 'long head'],
    [
      ['a', 'x'],
      ['b', ''],
    ],
    lines('a  long head', 'a  x', 'b'),
  ],
  ['a row too short', ['a', 'b'], [['x']], lines('a  b', 'x')],
])('%s', (_what, head, rows, expected) => {
  expect(textTable(head, rows)).toBe(expected)
})
