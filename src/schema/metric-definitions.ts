import { DeclarationError } from './check.ts'
import { text } from './column.ts'
import { valuesOf } from './values-of.ts'
import { type View, view } from './view.ts'

const NAME = 'metric_definitions'

/**
 * The views, and one more that lists what each metric of them counts.
 * @throws {DeclarationError} if two metrics have the same name.
 */
export function withMetricDefinitions(views: readonly View[]): readonly View[] {
  const metrics = views.flatMap(({ name, metrics = [] }) => metrics.map(metric => ({ view: name, ...metric })))
  const names = metrics.map(({ name }) => name)
  const twice = names.filter((name, i) => names.indexOf(name) !== i)
  if (twice.length > 0)
    throw new DeclarationError(
      `views/${NAME}`,
      twice.map(name => `metrics: ${name} is declared twice`),
    )
  return [
    ...views,
    view({
      name: NAME,
      layer: 'trust',
      doc: 'What each metric counts, in which column of which view it is, and why the dashboard of Recharge may show another figure.',
      grain: ['name'],
      columns: {
        name: text('Name of the metric.'),
        view: text('View that has it.'),
        column: text('Column of the view. In a query the word needs double quotes.'),
        definition: text('What exactly it counts.'),
        source: text('What the definition follows.'),
        differs_from_recharge: text('Why the dashboard of Recharge may show another figure; null: no reason is known.'),
      },
      sql: valuesOf(
        {
          name: 'text',
          view: 'text',
          column: 'text',
          definition: 'text',
          source: 'text',
          differs_from_recharge: 'text',
        },
        metrics.map(metric => [
          metric.name,
          metric.view,
          metric.column,
          metric.definition,
          metric.source,
          metric.differsFromRecharge,
        ]),
      ),
    }),
  ]
}
