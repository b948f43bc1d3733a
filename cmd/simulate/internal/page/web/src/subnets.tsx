import { count, number } from "./format.ts";
import { mapHeight, mostSquares, owners, paintSubnet, type Owners } from "./map.ts";
import { Picture } from "./picture.tsx";
import type { Store } from "./store.ts";

/** How many subnets have a map; of more there are the numbers. */
const mostMaps = 6;

export function Subnets({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const of: Owners = p.film.subnets.some((s) => s.size <= mostSquares) ? owners(p) : new Map();
  return <>{p.film.subnets.map((_, i) => <Subnet key={i} store={store} subnet={i} of={of} />)}</>;
}

function Subnet({ store, subnet, of }: { store: Store; subnet: number; of: Owners }) {
  const { player: p } = store.scene.value;
  const info = p.film.subnets[subnet]!;
  const { used, leaks, blocks } = p.subnets[subnet]!;
  const free = info.size - used;
  const whole = blocks.reduce((n, taken) => n + (taken === 0 ? 1 : 0), 0);
  const width = store.rightWidth.value;
  const facts = `${number(free)} of ${number(info.size - info.kept.length)} free`;
  return (
    <article class="card">
      <h2>{info.name} <small>{info.cidr} · {info.zone}</small></h2>
      <p class="dim free">
        <b class={free === 0 ? "bad" : ""}>{number(free)}</b> of {number(info.size - info.kept.length)} free · {count(whole, "free /28")}
        {leaks > 0 && <b class="bad leaks"> · {number(leaks)} on leaked ENIs</b>}
      </p>
      {subnet < mostMaps && <Picture store={store} width={width} height={mapHeight(info.size, width)} label={`Map of ${info.name}: ${facts}`} paint={(board) => paintSubnet(p, subnet, width, board, of)} />}
      {subnet === mostMaps && <p class="dim">This subnet and those below have no map here: simulate diagram draws eight.</p>}
    </article>
  );
}
