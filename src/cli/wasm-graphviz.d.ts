/** The part of the package that `generate.ts` uses. */
declare module '@hpcc-js/wasm-graphviz' {
  export class Graphviz {
    static load(): Promise<Graphviz>
    dot(graph: string, format: 'svg'): string
  }
}
