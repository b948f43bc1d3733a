import { toAddress } from "./block.ts";
import { phaseNames } from "./film.ts";
import type { Store } from "./store.ts";

export function FindPod({ store }: { store: Store }) {
  const { player: p } = store.scene.value;
  const name = store.pod.value;
  const pod = store.podPlace.value;
  const state = pod >= 0 ? p.pods[pod]! : undefined;
  const found = pod >= 0 ? p.find(pod) : undefined;
  const word = p.film.platform === "ecs" ? "task" : "pod";
  return (
    <article class="card">
      <label>Find a {word} <input type="search" list="pods" value={name} placeholder={p.film.pods[0] ?? ""} aria-describedby="found" onInput={(e) => (store.pod.value = e.currentTarget.value)} /></label>
      <datalist id="pods">{p.film.pods.slice(0, 500).map((n) => <option value={n} />)}</datalist>
      {name && !state && <p class="bad">there is no {word} of that name</p>}
      {state && (
        <p id="found">
          {phaseNames[state.phase]}
          {state.node >= 0 && <> on <a href="#" onClick={(e) => { e.preventDefault(); store.node.value = state.node; }}>{p.film.nodes[state.node]!.name}</a></>}
          {found && found.block.first > 0 && <>, {toAddress(found.block.first + found.place)}</>}
          {state.waits && state.reason >= 0 && <b class="bad">, {p.film.words[state.reason]}</b>}
        </p>
      )}
    </article>
  );
}
