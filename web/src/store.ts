/** A value that components look at: the smallest thing that makes them draw again when it changes. */

import { useEffect, useState } from "preact/hooks";

export class Store<Value> {
  #value: Value;
  readonly #listeners = new Set<() => void>();

  constructor(value: Value) {
    this.#value = value;
  }

  get(): Value {
    return this.#value;
  }

  set(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** The store's value, now and whenever it changes. */
export function useStore<Value>(store: Store<Value>): Value {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    const take = () => setValue(() => store.get());
    take();
    return store.listen(take);
  }, [store]);
  return value;
}

/** What a person chose, kept by this browser; without storage it lasts as long as the page. */
export class Kept<Value extends string> extends Store<Value> {
  readonly #name: string;

  constructor(name: string, values: readonly Value[], initial: Value) {
    const kept = read(name);
    super(values.find((value) => value === kept) ?? initial);
    this.#name = name;
  }

  override set(value: Value): void {
    super.set(value);
    try {
      localStorage.setItem(this.#name, value);
    } catch {
      // Storage may be forbidden or full: the choice then ends with the page.
    }
  }
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
