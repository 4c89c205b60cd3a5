import { describe, expect, it } from "vitest";

import { duration, megabytes, milliseconds, money, percent, price, signed, Times, volume } from "../src/format";

describe("figures", () => {
  it("shows a dash for what is not known, never a zero", () => {
    for (const text of [money(null), signed(undefined), percent(null), price(0, 5), duration(null), milliseconds(Number.NaN)]) {
      expect(text).toBe("–");
    }
  });

  it("puts a sign on gains and losses", () => {
    expect(signed(1234.5)).toBe("+1,234.50");
    expect(signed(-3.339)).toBe("−3.34");
    expect(signed(0)).toBe("0.00");
  });

  it("keeps a price's digits and a volume's own", () => {
    expect(price(1.1, 5)).toBe("1.10000");
    expect(volume(0.1)).toBe("0.10");
    expect(volume(0.001)).toBe("0.001");
  });

  it("says how long in two units", () => {
    expect([duration(0.4), duration(59), duration(3_700), duration(90_000)]).toEqual(["< 1 s", "59 s", "1 h 1 min", "1 d 1 h"]);
    expect([milliseconds(0.5), milliseconds(12.34), milliseconds(340), milliseconds(12_000)]).toEqual(["0.50 ms", "12.3 ms", "340 ms", "12.0 s"]);
    expect(megabytes(77_000)).toBe("77.0 GB");
  });
});

describe("Times", () => {
  const noon = Date.UTC(2026, 2, 29, 12, 0, 0);

  it("shows a moment by the broker's clock or UTC", () => {
    expect(new Times("broker", 10_800).dateTime(noon)).toBe("2026-03-29 15:00:00");
    expect(new Times("utc", 10_800).dateTime(noon)).toBe("2026-03-29 12:00:00");
  });

  it("leaves the day out where it is today by the chosen clock", () => {
    const times = new Times("broker", 10_800);
    const late = Date.UTC(2026, 2, 29, 22, 0, 0);
    expect(times.moment(noon, noon + 1_000)).toBe("15:00:00");
    expect(times.moment(noon, late)).toBe("03-29 15:00:00");
  });
});
