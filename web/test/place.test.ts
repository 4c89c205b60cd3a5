import { describe, expect, it } from "vitest";

import { readPlace, writePlace } from "../src/place";
import { question } from "../src/tabs/traces";

describe("place", () => {
  it("survives the way through the address", () => {
    const place = { tab: "traces" as const, q: "a&b=c", outcome: "rejected", trace: "" };
    expect(readPlace(writePlace(place))).toEqual({ tab: "traces", q: "a&b=c", outcome: "rejected" });
  });

  it("shows the overview for a section that is none", () => {
    expect(readPlace("?tab=constructor").tab).toBe("overview");
  });
});

describe("question", () => {
  const now = Date.UTC(2026, 0, 5, 10);

  it("asks by ticket for digits and by symbol for other words", () => {
    expect(question({ tab: "traces", q: "1002", window: "all" }, now)).toBe("/api/traces?limit=200&ticket=1002");
    expect(question({ tab: "traces", q: "EUR USD", window: "all" }, now)).toBe("/api/traces?limit=200&symbol=EUR+USD");
  });

  it("asks for a day where the window is none of ours", () => {
    for (const window of ["90d", "constructor", undefined]) {
      const asked = question(window ? { tab: "traces", window } : { tab: "traces" }, now);
      expect(new URLSearchParams(asked.split("?")[1]).get("since")).toBe("2026-01-04T10:00:00.000Z");
    }
  });
});
