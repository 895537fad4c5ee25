/** The smallest thing that holds a state, moves it by a pure function and tells who listens. */

export class Store<State, Happening> {
  private listeners = new Set<(state: State) => void>();

  constructor(
    private current: State,
    private readonly reduce: (state: State, happening: Happening) => State,
  ) {}

  get state(): State {
    return this.current;
  }

  dispatch(happening: Happening): void {
    const next = this.reduce(this.current, happening);
    if (next === this.current) return;
    this.current = next;
    for (const listener of this.listeners) listener(next);
  }

  /** Hear every new state; call the returned function to stop. */
  subscribe(listener: (state: State) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
