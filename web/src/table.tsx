/** A real table whose columns sort. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { useNarrow } from "./hooks";
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
  /** Takes what room is left, and is cut there. */
  fills?: boolean;
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
  /** Names of the columns that stand in front on a phone; the others are scrolled to. */
  first?: string[];
}) {
  const [order, setOrder] = useState<Order | undefined>(props.order);
  const narrow = useNarrow();
  if (props.rows.length === 0) return <Empty>{props.empty}</Empty>;
  const sorted = inOrder(props.rows, props.columns, order).slice(0, props.max ?? 1_000);
  const columns = narrow && props.first ? inFront(props.columns, props.first) : props.columns;
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={props.caption}>
      <table>
        <caption class="hidden">{props.caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.name} column={column} order={order} choose={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={props.id(row)} class={props.chosen === props.id(row) ? "chosen" : undefined}>
              {columns.map((column) => (
                <td key={column.name} class={`${column.number ? "number" : ""} ${column.fills ? "fills" : ""} ${column.class?.(row) ?? ""}`}>
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

/** The columns of these names, in their order, before all others. */
export function inFront<Row>(columns: Column<Row>[], first: string[]): Column<Row>[] {
  const front = first.flatMap((name) => columns.find((column) => column.name === name) ?? []);
  return [...front, ...columns.filter((column) => !front.includes(column))];
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
