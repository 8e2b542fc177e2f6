/** The leaky bucket of one token. Real time, because the caller really waits. */
export class Bucket {
  readonly size: number
  readonly perSecond: number
  #level = 0
  #at = performance.now()

  constructor(size: number, perSecond: number) {
    this.size = size
    this.perSecond = perSecond
  }

  /** False when the request would overflow the bucket; it then adds nothing. */
  take(): boolean {
    this.#drain()
    if (this.#level + 1 > this.size) return false
    this.#level += 1
    return true
  }

  /** As in `x-recharge-limit`: used/size. */
  get header(): string {
    this.#drain()
    return `${Math.ceil(this.#level)}/${this.size}`
  }

  #drain(): void {
    const now = performance.now()
    this.#level = Math.max(0, this.#level - ((now - this.#at) / 1000) * this.perSecond)
    this.#at = now
  }
}
