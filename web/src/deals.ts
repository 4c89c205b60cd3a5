/** What a deal came to. */

import type { Deal } from "./types";

export function dealMs(deal: Deal): number {
  return deal.time_msc ?? deal.time * 1_000;
}

export function costs(deal: Deal): number {
  return deal.commission + deal.swap + (deal.fee ?? 0);
}

export function net(deal: Deal): number {
  return deal.profit + costs(deal);
}
