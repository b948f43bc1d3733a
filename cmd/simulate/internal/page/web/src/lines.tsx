import { useComputed } from "@preact/signals";
import type { Line } from "./film.ts";
import { duration, number } from "./format.ts";
import { firstAbove, type Store } from "./store.ts";

const shown = 60;

/** What happened up to now, the last first. */
export function Lines({ store }: { store: Store }) {
  const node = store.node.value;
  const lines = useComputed(() => (store.node.value === null ? store.film.lines : store.film.lines.filter((l) => l.node === store.node.value)));
  const times = useComputed(() => lines.value.map((l) => l.at));
  const upTo = firstAbove(times.value, store.at.value);
  const missing = (store.film.linesLeftOut ?? 0) > 0 && upTo === lines.value.length;
  const last = lines.value.slice(Math.max(0, upTo - shown), upTo).reverse();
  return (
    <article class="card lines" tabIndex={0} aria-label="What happened">
      <h2>
        What happened{node !== null && <> on {store.film.nodes[node]!.name} <button onClick={() => (store.node.value = null)}>all nodes</button></>}
      </h2>
      {missing && <p class="bad">{number(store.film.linesLeftOut!)} later lines of all nodes are left out: run --until, or explain --node, tell them.</p>}
      <table>
        <tbody>{last.map((l) => <Row store={store} line={l} />)}</tbody>
      </table>
      {upTo > shown && <p class="dim">and {number(upTo - shown)} before that</p>}
      {last.length === 0 && <p class="dim">nothing yet</p>}
    </article>
  );
}

function Row({ store, line }: { store: Store; line: Line }) {
  return (
    <tr class={line.at === store.at.value ? "now" : ""}>
      <td><a href={`#t=${line.at}`} onClick={(e) => { e.preventDefault(); store.seek(line.at); }}>{duration(line.at)}</a></td>
      {store.film.nodes.length > 1 && <td>{store.film.nodes[line.node]!.name}</td>}
      <td>{line.eni}</td>
      <td><span class={line.tone ?? ""}>{line.what}</span>{line.why && <span class="dim"> {line.why}</span>}</td>
    </tr>
  );
}
