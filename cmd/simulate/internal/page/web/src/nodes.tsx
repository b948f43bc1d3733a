import type { Board } from "./board.ts";
import { branchNames, NodeFlag } from "./film.ts";
import { count, number } from "./format.ts";
import { paintNode, paintWaiting } from "./paint.ts";
import { Picture } from "./picture.tsx";
import type { Player } from "./player.ts";
import type { Store } from "./store.ts";

const mostCards = 8;

export function Nodes({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const living = p.living();
  const picked = store.node.value;
  if (living.length <= mostCards) return <>{living.map((n) => <Card key={n} store={store} node={n} />)}{living.length === 0 && <p class="dim">no {p.film.platform === "ecs" ? "container instance" : "node"} {store.film.nodes.length > 0 && p.nodes.every((n) => n.flags < 0) ? "yet" : "here"}</p>}</>;
  return (
    <>
      <Tiles store={store} living={living} />
      {picked !== null && living.includes(picked) ? <Card store={store} node={picked} /> : <p class="dim">Click a node, or name it, to see its ENIs.</p>}
    </>
  );
}

function Card({ store, node }: { store: Store; node: number }) {
  const { player: p } = store.scene.value;
  const info = p.film.nodes[node]!;
  const state = p.nodes[node]!;
  const enis = state.enis.filter((e) => p.film.enis[e]!.kind !== "branch"); // those hang on a trunk
  const says = [
    !(state.flags & NodeFlag.Ready) && "not ready",
    state.flags & NodeFlag.Cordoned && (p.film.platform === "ecs" ? "draining" : "cordoned"),
    state.flags & NodeFlag.Ready && !(state.flags & NodeFlag.AgentUp) && "its agent is down",
    state.waiting.size > 0 && `${count(state.waiting.size, "pod")} without address`,
  ].filter(Boolean);
  return (
    <article class="card node">
      <h2>{info.name} <small>{info.type} · {info.zone} · {info.subnet}</small></h2>
      <p class="dim">
        {p.film.platform === "ecs" ? count(state.pods, "task") : `${number(state.pods + info.systemPods)} of ${number(info.maxPods)} pods`}
        {" · "}{number(enis.length)} of {count(info.maxENIs, "ENI")}
        {says.length > 0 && <b class="bad"> · {says.join(", ")}</b>}
      </p>
      <Picture store={store} width={store.leftWidth.value} height={paintNode(p, node, store.leftWidth.value)} label={describe(p, node)} paint={(board) => paintNode(p, node, store.leftWidth.value, board)} />
    </article>
  );
}

/** All nodes as tiles: how full each is, and whether pods wait there. */
function Tiles({ store, living }: { store: Store; living: number[] }) {
  const { player: p } = store.scene.value;
  const size = living.length > 600 ? 14 : 22;
  const columns = Math.floor((store.leftWidth.value) / (size + 3));
  const picked = store.node.value;
  const paint = (board: Board) => {
    living.forEach((n, i) => {
      const [x, y] = [(i % columns) * (size + 3), Math.floor(i / columns) * (size + 3)];
      const { total, held } = p.nodes[n]!;
      const info = p.film.nodes[n]!;
      const waiting = p.nodes[n]!.waiting.size;
      board.shade(x, y, size, total ? held / total : 0, () => `${info.name}: ${number(held)} of ${number(total)} addresses held, ${number(p.nodes[n]!.pods + info.systemPods)} of ${number(info.maxPods)} pods${waiting ? `, ${number(waiting)} wait` : ""}`);
      if (waiting) board.square(x, y, size, "bad");
      if (picked === n) board.outline(x - 2, y - 2, size + 4, "mark", 2);
    });
  };
  const height = Math.ceil(living.length / columns) * (size + 3) + 4;
  const pick = (e: MouseEvent) => {
    const box = (e.currentTarget as HTMLElement).getBoundingClientRect();
    const i = Math.floor((e.clientY - box.top) / (size + 3)) * columns + Math.floor((e.clientX - box.left) / (size + 3));
    if (living[i] !== undefined) store.node.value = living[i]!;
  };
  return (
    <article class="card">
      <h2>{count(living.length, p.film.platform === "ecs" ? "container instance" : "node")} <small>the darker, the more of its addresses are held; orange: pods wait</small></h2>
      <label class="show">
        Show{" "}
        <input type="search" list="nodes" value={picked === null ? "" : p.film.nodes[picked]!.name} placeholder={p.film.nodes[living[0]!]!.name} onInput={(e) => store.pickNode(e.currentTarget.value)} />
      </label>
      <datalist id="nodes">{living.slice(0, 500).map((n) => <option value={p.film.nodes[n]!.name} />)}</datalist>
      <div onClick={pick}><Picture store={store} width={store.leftWidth.value} height={height} label={`${number(living.length)} tiles, ${number(living.filter((n) => p.nodes[n]!.waiting.size > 0).length)} of them with pods that wait`} paint={paint} /></div>
    </article>
  );
}

export function Unplaced({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const pods = [...p.unplaced];
  if (pods.length === 0) return null;
  const ecs = p.film.platform === "ecs";
  return (
    <article class="card">
      <h2>{count(pods.length, ecs ? "task" : "pod")} without a {ecs ? "container instance" : "node"}</h2>
      <Picture store={store} width={store.leftWidth.value} height={paintWaiting(p, pods, 0, 4, store.leftWidth.value)} label={count(pods.length, ecs ? "task" : "pod")} paint={(board) => paintWaiting(p, pods, 0, 4, store.leftWidth.value, board)} />
    </article>
  );
}

/** What the picture of a node shows, for those who don't see it. */
function describe(p: Player, node: number): string {
  const state = p.nodes[node]!;
  const enis = state.enis.map((e) => {
    const { name, kind, pod } = p.film.enis[e]!;
    const blocks = p.eniBlocks.get(e)!;
    const held = pod >= 0 ? 1 : blocks.reduce((n, b) => n + b.held, 0);
    return `${name} ${kind}: ${number(held)} held, ${number(blocks.reduce((n, b) => n + b.cooling(p.now), 0))} cooling`;
  });
  const states = state.branches.map((b) => p.branches.get(b)!.state);
  const branches = branchNames.map((name, is) => [states.filter((s) => s === is).length, name] as const).filter(([n]) => n > 0);
  if (branches.length > 0) enis.push(`branch ENIs: ${branches.map(([n, name]) => `${number(n)} ${name}`).join(", ")}`);
  return enis.join("; ");
}
