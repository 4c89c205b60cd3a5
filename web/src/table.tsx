/** A real table whose columns sort. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { Empty } from "./parts";

export interface Column<Row> {
  name: string;
  label: string;
  /** Numbers stand at the right and sort downwards first. */
  number?: boolean;
  show: (row: Row) => ComponentChildren;
  /** What it sorts by; without it the column does not sort. */
  by?: (row: Row) => number | string | null | undefined;
  class?: (row: Row) => string;
}

interface Order {
  name: string;
  down: boolean;
}

export function Table<Row>(props: {
  caption: string;
  columns: Column<Row>[];
  rows: Row[];
  id: (row: Row) => string | number;
  empty: string;
  order?: Order;
  chosen?: string | number | undefined;
  foot?: ComponentChildren;
  max?: number;
}) {
  const [order, setOrder] = useState<Order | undefined>(props.order);
  if (props.rows.length === 0) return <Empty>{props.empty}</Empty>;
  const sorted = inOrder(props.rows, props.columns, order).slice(0, props.max ?? 1_000);
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={props.caption}>
      <table>
        <caption class="hidden">{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <Head key={column.name} column={column} order={order} choose={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={props.id(row)} class={props.chosen === props.id(row) ? "chosen" : undefined}>
              {props.columns.map((column) => (
                <td key={column.name} class={`${column.number ? "number" : ""} ${column.class?.(row) ?? ""}`}>
                  {column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        {props.foot && <tfoot>{props.foot}</tfoot>}
      </table>
    </div>
  );
}

function Head<Row>(props: { column: Column<Row>; order: Order | undefined; choose: (order: Order) => void }) {
  const { column, order } = props;
  const active = order?.name === column.name;
  const sort = active ? (order.down ? "descending" : "ascending") : undefined;
  return (
    <th scope="col" class={column.number ? "number" : undefined} aria-sort={sort}>
      {column.by ? (
        <button
          type="button"
          onClick={() => props.choose({ name: column.name, down: active ? !order.down : (column.number ?? false) })}
        >
          {column.label}
          <span class="arrow" aria-hidden="true">
            {active ? (order.down ? "▾" : "▴") : ""}
          </span>
        </button>
      ) : (
        column.label
      )}
    </th>
  );
}

export function inOrder<Row>(rows: Row[], columns: Column<Row>[], order: Order | undefined): Row[] {
  const by = columns.find((column) => column.name === order?.name)?.by;
  if (!by || !order) return rows;
  const sign = order.down ? -1 : 1;
  return [...rows].sort((left, right) => sign * compared(by(left), by(right)));
}

type Sortable = number | string | null | undefined;

function compared(left: Sortable, right: Sortable): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  return String(left ?? "").localeCompare(String(right ?? ""));
}
