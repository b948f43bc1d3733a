import { useEffect } from "preact/hooks";
import type { Kind } from "./board.ts";
import { Lines } from "./lines.tsx";
import { Nodes, Unplaced } from "./nodes.tsx";
import { Picture } from "./picture.tsx";
import { FindPod } from "./pods.tsx";
import { Ran } from "./ran.tsx";
import type { Store } from "./store.ts";
import { Subnets } from "./subnets.tsx";
import { Transport } from "./transport.tsx";

export function App({ store }: { store: Store }) {
  useEffect(() => {
    const keys = (e: KeyboardEvent) => {
      if (e.target instanceof HTMLInputElement && e.target.type !== "range") return;
      if (e.target instanceof HTMLSelectElement || e.ctrlKey || e.metaKey || e.altKey) return;
      // A button that has the focus is what space presses.
      if (e.key === " " && e.target instanceof HTMLElement && e.target.closest("button, a")) return;
      const done: Record<string, () => void> = {
        " ": store.play,
        ArrowRight: () => store.step(true),
        ArrowLeft: () => store.step(false),
        Home: () => store.seek(0),
        End: () => store.seek(store.film.endMs),
        n: () => store.toEpisode(),
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
      <Legend store={store} />
    </>
  );
}

const kinds: [Kind, string][] = [
  ["held", "held by a pod"], ["cooling", "cooling"], ["free", "free, ready for a pod"], ["empty", "empty slot"], ["bad", "pod without address"],
  ["left", "left over, leaked"], ["own", "an ENI's own address"], ["other", "taken by others, or on its way to a node"], ["kept", "kept by EC2"], ["open", "free in the subnet"], ["reserved", "free, reserved"],
];

function Legend({ store }: { store: Store }) {
  const word = store.film.platform === "ecs" ? "task" : "pod";
  return (
    <footer>
      {kinds.map(([kind, says]) => (
        <span><Picture store={store} width={14} height={14} label="" paint={(board) => board.square(1, 1, 12, kind)} /> {says.replace("pod", word)}</span>
      ))}
      <span>space plays, ← → step, n goes to the next shortage</span>
    </footer>
  );
}
