/** What jsdom lacks and this page needs. */

import { cleanup } from "@testing-library/preact";
import { afterEach, vi } from "vitest";

// uPlot asks for this while it is imported.
Object.defineProperty(globalThis, "matchMedia", {
  value: (query: string) => ({ matches: false, media: query, addEventListener() {}, removeEventListener() {} }),
});
Object.defineProperty(globalThis, "ResizeObserver", {
  value: class {
    observe(): void {}
    disconnect(): void {}
  },
});
// A canvas that takes every stroke and shows nothing.
const pen = new Proxy({}, { get: (_, name) => (name === "measureText" ? () => ({ width: 0 }) : () => undefined), set: () => true });
Object.defineProperty(HTMLCanvasElement.prototype, "getContext", { value: () => pen });
Object.defineProperty(globalThis, "Path2D", {
  value: class {
    moveTo(): void {}
    lineTo(): void {}
    arc(): void {}
    rect(): void {}
    addPath(): void {}
    closePath(): void {}
  },
});
HTMLDialogElement.prototype.showModal ??= function showModal(this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function close(this: HTMLDialogElement) {
  this.open = false;
};

afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
});
