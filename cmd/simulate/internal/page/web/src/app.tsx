import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Chart } from "./chart.tsx";
import { NodeFlag, phaseNames, type Line } from "./film.ts";
import { count, duration, number } from "./format.ts";
import { Board, ink, mapHeight, mostSquares, owners, paintNode, paintSubnet, paintWaiting, type Owners, type Spot } from "./paint.ts";
import { toAddress, type Player } from "./player.ts";
import { firstAbove, speeds, type Store } from "./store.ts";

export function App({ store }: { store: Store }) {
  useEffect(() => {
    const keys = (e: KeyboardEvent) => {
      if (e.target instanceof HTMLInputElement && e.target.type !== "range") return;
      if (e.target instanceof HTMLSelectElement || e.ctrlKey || e.metaKey || e.altKey) return;
      const done: Record<string, () => void> = {
        " ": store.play,
        ArrowRight: () => store.step(true),
        ArrowLeft: () => store.step(false),
        Home: () => store.seek(0),
        End: () => store.seek(store.film.endMs),
      };
      const act = done[e.key];
      if (!act) return;
      e.preventDefault();
      act();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, [store]);
  const f = store.film;
  return (
    <>
      <header>
        <h1>{f.name}</h1>
        {f.summary && <p>{f.summary}</p>}
        <p class="verdict">{f.verdict}</p>
        {f.notes?.map((n) => <p class="note">Note: {n}</p>)}
      </header>
      <Transport store={store} />
      <main>
        <section class="left">
          <Nodes store={store} />
          <Unplaced store={store} />
          <Lines store={store} />
        </section>
        <section class="right">
          <Ran store={store} />
          <FindPod store={store} />
          <Subnets store={store} />
        </section>
      </main>
      <Legend ecs={f.platform === "ecs"} />
    </>
  );
}

function Transport({ store }: { store: Store }) {
  const { at, playing, speed, film } = store;
  const p = store.scene.value.player;
  const word = film.platform === "ecs" ? "task" : "pod";
  return (
    <div class="transport">
      <div class="controls">
        <button onClick={() => store.seek(0)} title="To the start (Home)" aria-label="To the start">⇤</button>
        <button onClick={() => store.step(false)} title="One change back (←)" aria-label="One change back">←</button>
        <button class="play" onClick={store.play} title="Play or pause (space)" aria-label={playing.value ? "Pause" : "Play"}>{playing.value ? "❚❚" : "▶"}</button>
        <button onClick={() => store.step(true)} title="One change on (→)" aria-label="One change on">→</button>
        <button onClick={() => store.seek(film.endMs)} title="To the end (End)" aria-label="To the end">⇥</button>
        <label>
          speed{" "}
          <select value={String(speed.value)} onChange={(e) => (speed.value = Number(e.currentTarget.value))}>
            {speeds.map((s) => <option value={String(s)}>{`${number(s)}×`}</option>)}
          </select>
        </label>
        <output class="clock">{duration(at.value)}</output>
        <span class="numbers">
          {count(p.counts.running, word)} running
          {p.counts.waiting > 0 && <> · <b class="bad">{number(p.counts.waiting)} without address</b></>}
          {" · "}
          {film.platform === "ecs" ? `${count(p.counts.held, "task ENI")}` : `${number(p.counts.held)} of ${count(p.counts.total, "address")} held`}
          {" · "}
          {count(p.calls, "EC2 call")}{p.refused > 0 && <b class="bad">, {number(p.refused)} refused</b>}
        </span>
      </div>
      <Chart store={store} />
      <div class="track">
        <input type="range" min="0" max={String(film.endMs)} step="1" value={String(at.value)} aria-label="Time" aria-valuetext={duration(at.value)} onInput={(e) => store.seek(Number(e.currentTarget.value))} />
        <div class="episodes">
          {film.episodes.slice(0, 300).map((e) => {
            const end = e.toMs < 0 ? film.endMs : e.toMs;
            const part = (ms: number) => `${(100 * ms) / Math.max(film.endMs, 1)}%`;
            return (
              <button
                class={e.cures ? "cures" : "real"}
                style={{ left: part(e.fromMs), width: `max(4px, ${part(end - e.fromMs)})` }}
                title={`${e.kind}, ${e.place}: ${duration(e.fromMs)} to ${e.toMs < 0 ? "the end" : duration(e.toMs)}`}
                aria-label={`${e.kind}, ${e.place}, from ${duration(e.fromMs)}`}
                onClick={() => store.seek(e.fromMs)}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** A canvas that is drawn when time moves, and says what is under the pointer. */
function Picture({ store, width, height, label, paint }: { store: Store; width: number; height: number; label: string; paint: (board: Board) => void }) {
  const ref = useRef<HTMLCanvasElement>(null);
  const spot = useSignal<Spot | null>(null);
  const board = useRef<Board | null>(null);
  const marked = store.pod.value ? store.film.pods.indexOf(store.pod.value) : -1;
  useEffect(() => {
    board.current = new Board(ref.current!, width, height, ink(), marked);
    paint(board.current);
    if (spot.value) spot.value = board.current.at(spot.value.x + 1, spot.value.y + 1) ?? null;
  });
  const move = (e: PointerEvent) => {
    const box = ref.current!.getBoundingClientRect();
    spot.value = board.current?.at(e.clientX - box.left, e.clientY - box.top) ?? null;
  };
  return (
    <div class="picture">
      <canvas
        ref={ref}
        role="img"
        aria-label={label}
        onPointerMove={move}
        onPointerLeave={() => (spot.value = null)}
        onClick={() => {
          const s = spot.value;
          if (s && s.pod >= 0) store.pod.value = store.film.pods[s.pod]!;
        }}
      />
      {spot.value && <div class="tip" style={{ left: `${Math.min(spot.value.x, width - 180)}px`, top: `${spot.value.y + spot.value.size + 6}px` }}>{spot.value.tip}</div>}
    </div>
  );
}

const cardWidth = 760;
const mostCards = 8;

function Nodes({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const living = p.living();
  const picked = store.node.value;
  if (living.length <= mostCards) return <>{living.map((n) => <Card key={n} store={store} node={n} />)}{living.length === 0 && <p class="dim">no node yet</p>}</>;
  return (
    <>
      <Tiles store={store} living={living} />
      {picked !== null && living.includes(picked) ? <Card store={store} node={picked} /> : <p class="dim">Click a node to see its ENIs.</p>}
    </>
  );
}

function Card({ store, node }: { store: Store; node: number }) {
  const { player: p } = store.scene.value;
  const info = p.film.nodes[node]!;
  const state = p.nodes[node]!;
  const says = [
    !(state.flags & NodeFlag.Ready) && "not ready",
    state.flags & NodeFlag.Cordoned && (p.film.platform === "ecs" ? "draining" : "cordoned"),
    state.flags & NodeFlag.Ready && !(state.flags & NodeFlag.AgentUp) && "its agent is down",
    state.waiting.size > 0 && `${count(state.waiting.size, "pod")} without address`,
  ].filter(Boolean);
  return (
    <article class="card">
      <h2>{info.name} <small>{info.type} · {info.zone} · {info.subnet}</small></h2>
      <p class="dim">
        {p.film.platform === "ecs" ? count(state.pods, "task") : `${number(state.pods + info.systemPods)} of ${number(info.maxPods)} pods`}
        {" · "}{number(state.enis.length)} of {count(info.maxENIs, "ENI")}
        {says.length > 0 && <b class="bad"> · {says.join(", ")}</b>}
      </p>
      <Picture store={store} width={cardWidth - 34} height={paintNode(p, node, cardWidth - 34)} label={`ENIs of ${info.name}`} paint={(board) => paintNode(p, node, cardWidth - 34, board)} />
    </article>
  );
}

/** All nodes as tiles: how full each is, and whether pods wait there. */
function Tiles({ store, living }: { store: Store; living: number[] }) {
  const { player: p } = store.scene.value;
  const size = living.length > 600 ? 14 : 22;
  const columns = Math.floor((cardWidth - 34) / (size + 3));
  const paint = (board: Board) => {
    living.forEach((n, i) => {
      const [x, y] = [(i % columns) * (size + 3), Math.floor(i / columns) * (size + 3)];
      let held = 0;
      let total = 0;
      for (const e of p.nodes[n]!.enis) for (const b of p.eniBlocks.get(e)!) { held += b.held; total += b.size; }
      const info = p.film.nodes[n]!;
      const waiting = p.nodes[n]!.waiting.size;
      board.shade(x, y, size, total ? held / total : 0, `${info.name}: ${number(held)} of ${number(total)} addresses held, ${number(p.nodes[n]!.pods + info.systemPods)} of ${number(info.maxPods)} pods${waiting ? `, ${number(waiting)} wait` : ""}`);
      if (waiting) board.square(x, y, size, "bad");
      if (store.node.value === n) board.square(x - 1, y - 1, size + 2, "text");
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
      <div onClick={pick}><Picture store={store} width={cardWidth - 34} height={height} label="all nodes" paint={paint} /></div>
    </article>
  );
}

function Unplaced({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const pods = [...p.unplaced];
  if (pods.length === 0) return null;
  const ecs = p.film.platform === "ecs";
  return (
    <article class="card">
      <h2>{count(pods.length, ecs ? "task" : "pod")} without a {ecs ? "container instance" : "node"}</h2>
      <Picture store={store} width={cardWidth - 34} height={paintWaiting(p, pods, 0, 4, cardWidth - 34)} label="pods without a node" paint={(board) => paintWaiting(p, pods, 0, 4, cardWidth - 34, board)} />
    </article>
  );
}

/** What has run out and is not over. */
function Ran({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const open = [...p.episodes].sort((a, b) => a - b).map((i) => p.film.episodes[i]!);
  if (open.length === 0) return null;
  return (
    <article class="card">
      <h2>Ran out</h2>
      {open.slice(0, 5).map((e) => (
        <div class={e.cures ? "ran cures" : "ran"}>
          <b>{e.kind}</b> {e.place} <span class="dim">since {duration(e.fromMs)}</span>
          <p class="dim">{e.message}</p>
          <p>{e.remedy}</p>
        </div>
      ))}
      {open.length > 5 && <p class="dim">and {number(open.length - 5)} more</p>}
    </article>
  );
}

function FindPod({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const name = store.pod.value;
  const pod = p.film.pods.indexOf(name);
  const state = pod >= 0 ? p.pods[pod]! : undefined;
  const found = pod >= 0 ? p.find(pod) : undefined;
  const word = p.film.platform === "ecs" ? "task" : "pod";
  return (
    <article class="card">
      <label>Find a {word} <input type="search" list="pods" value={name} placeholder={p.film.pods[0] ?? ""} onInput={(e) => (store.pod.value = e.currentTarget.value)} /></label>
      <datalist id="pods">{p.film.pods.slice(0, 500).map((n) => <option value={n} />)}</datalist>
      {name && !state && <p class="bad">there is no {word} of that name</p>}
      {state && (
        <p>
          {phaseNames[state.phase]}
          {state.node >= 0 && <> on <a href="#" onClick={(e) => { e.preventDefault(); store.node.value = state.node; }}>{p.film.nodes[state.node]!.name}</a></>}
          {found && found.block.first > 0 && <>, {toAddress(found.block.first + found.place)}</>}
          {state.waits && state.reason >= 0 && <b class="bad">, {p.film.words[state.reason]}</b>}
        </p>
      )}
    </article>
  );
}

const mostMaps = 6;

function Subnets({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const of = p.film.subnets.some((s) => s.size <= mostSquares) ? owners(p) : new Map();
  return <>{p.film.subnets.slice(0, mostMaps).map((_, i) => <SubnetMap key={i} store={store} subnet={i} of={of} p={p} />)}</>;
}

function SubnetMap({ store, subnet, of, p }: { store: Store; subnet: number; of: Owners; p: Player }) {
  const info = p.film.subnets[subnet]!;
  const taken = p.subnets[subnet]!;
  let used = 0;
  let blocks = 0;
  for (let i = 0; i < taken.length; i += 16) {
    let n = 0;
    for (let k = i; k < i + 16; k++) n += taken[k]!;
    used += n;
    if (n === 0) blocks++;
  }
  const free = info.size - used;
  return (
    <article class="card">
      <h2>{info.name} <small>{info.cidr} · {info.zone}</small></h2>
      <p class="dim"><b class={free === 0 ? "bad" : ""}>{number(free)}</b> of {number(info.size - info.kept.length)} free · {count(blocks, "free /28")}</p>
      <Picture store={store} width={358} height={mapHeight(info.size)} label={`addresses of ${info.name}`} paint={(board) => paintSubnet(p, subnet, board, of)} />
    </article>
  );
}

const shown = 60;

/** What happened up to now, the last first. */
function Lines({ store }: { store: Store }) {
  const node = store.node.value;
  const lines = useComputed(() => (store.node.value === null ? store.film.lines : store.film.lines.filter((l) => l.node === store.node.value)));
  const times = useComputed(() => lines.value.map((l) => l.at));
  const upTo = firstAbove(times.value, store.at.value);
  const last = lines.value.slice(Math.max(0, upTo - shown), upTo).reverse();
  return (
    <article class="card lines">
      <h2>
        What happened{node !== null && <> on {store.film.nodes[node]!.name} <button onClick={() => (store.node.value = null)}>all nodes</button></>}
      </h2>
      <table>
        <tbody>{last.map((l) => <Row store={store} line={l} />)}</tbody>
      </table>
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

function Legend({ ecs }: { ecs: boolean }) {
  const word = ecs ? "task" : "pod";
  const items: [string, string][] = [
    ["held", `held by a ${word}`], ["cooling", "cooling"], ["free", `free, ready for a ${word}`], ["empty", "empty slot"], ["bad", `${word} without address; left over, leaked`],
    ["own", "an ENI's own address"], ["other", "taken by others"], ["kept", "kept by EC2"], ["open", "free in the subnet"],
  ];
  return <footer>{items.map(([name, says]) => <span><i class={`sq ${name}`} /> {says}</span>)}<span class="dim">space plays, ← → step</span></footer>;
}
