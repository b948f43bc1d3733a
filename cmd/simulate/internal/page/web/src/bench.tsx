import { useSignal, type Signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { App } from "./app.tsx";
import { here, type Answer, type Entry, type Mistake } from "./backend.ts";
import { makeStore, type Store } from "./store.ts";
import "uplot/dist/uPlot.min.css";
import "./style.css";
import "./bench.css";

/** What was typed stays in the browser, until another scenario is chosen. */
const kept = "vpcsim.scenario";

const start = `name: mine
vpc:
  cidrs: [10.0.0.0/16]
  subnets: [{name: private-a, zone: us-west-2a, cidr: 10.0.0.0/24}]
nodeGroups: [{name: workers, instanceType: m5.large, count: 1}]
workloads: [{name: web, replicas: 20, at: 30s}]
`;

const backend = here();
const words = (s: string) => s.split(/[\s,]+/).filter(Boolean);
const lines = (s: string) => s.split("\n").map((l) => l.trim()).filter(Boolean);

function Bench() {
  const library = useSignal<Entry[]>([]);
  const text = useSignal(localStorage.getItem(kept) ?? start);
  const env = useSignal("");
  const set = useSignal("");
  const busy = useSignal(false);
  const answer = useSignal<Answer>({});
  const store = useSignal<Store | null>(null);
  const under = useRef<AbortController | null>(null);

  const run = async () => {
    under.current?.abort();
    const mine = new AbortController();
    under.current = mine;
    busy.value = true;
    try {
      const came = await backend.play({ text: text.value, env: words(env.value), set: lines(set.value) }, mine.signal);
      answer.value = came;
      if (came.film) {
        store.value?.pause();
        store.value = makeStore(came.film);
      }
    } catch (e) {
      if (mine.signal.aborted) return;
      answer.value = { problem: e instanceof Error ? e.message : String(e) };
    }
    busy.value = false;
  };

  const choose = async (name: string) => {
    text.value = await backend.show(name);
    env.value = set.value = "";
    history.replaceState(null, "", `#${name}`);
    await run();
  };

  useEffect(() => {
    backend.library().then(async (entries) => {
      library.value = entries;
      const name = location.hash.slice(1);
      if (library.value.some((e) => e.name === name)) await choose(name);
    }, () => undefined);
    const keys = (e: KeyboardEvent) => {
      if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
        e.preventDefault();
        void run();
      }
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, []);

  return (
    <>
      <div class="bench">
        <div class="choose">
          <label>
            Scenario{" "}
            <select value="" onChange={(e) => e.currentTarget.value && choose(e.currentTarget.value)}>
              <option value="">choose one of the library…</option>
              {library.value.map((e) => <option value={e.name} title={e.summary}>{e.name}: {e.summary}</option>)}
            </select>
          </label>
          <button class="run" disabled={busy.value} onClick={run} title="Ctrl and Enter">{busy.value ? "Running…" : "Run"}</button>
        </div>
        <div class="edit">
          <Editor text={text} mistakes={answer.value.mistakes ?? []} />
          <div class="beside">
            <label>Variables of aws-node for this run
              <input value={env.value} placeholder="WARM_IP_TARGET=5 MINIMUM_IP_TARGET=10" onInput={(e) => (env.value = e.currentTarget.value)} />
            </label>
            <label>Other changes, one a line
              <textarea rows={3} value={set.value} placeholder="nodeGroups.workers.count=3" onInput={(e) => (set.value = e.currentTarget.value)} />
            </label>
            <Outcome answer={answer.value} />
          </div>
        </div>
      </div>
      {store.value && <App key={store.value} store={store.value} />}
    </>
  );
}

/** A text with the numbers of its lines; those with mistakes are marked. */
function Editor({ text, mistakes }: { text: Signal<string>; mistakes: Mistake[] }) {
  const gutter = useRef<HTMLPreElement>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const count = text.value.split("\n").length;
  const bad = new Set(mistakes.map((m) => m.line));
  const changed = (value: string) => {
    text.value = value;
    localStorage.setItem(kept, value);
  };
  return (
    <div class="editor">
      <pre class="gutter" ref={gutter} aria-hidden="true">{Array.from({ length: count }, (_, i) => <span class={bad.has(i + 1) ? "bad" : ""}>{`${i + 1}\n`}</span>)}</pre>
      <textarea
        id="text"
        ref={area}
        aria-label="the scenario, in YAML"
        spellcheck={false}
        wrap="off"
        value={text.value}
        onInput={(e) => changed(e.currentTarget.value)}
        onScroll={(e) => { if (gutter.current) gutter.current.scrollTop = e.currentTarget.scrollTop; }}
      />
    </div>
  );
}

/** Puts the cursor at a place of the text. */
function goTo(line: number, column: number): void {
  const area = document.getElementById("text") as HTMLTextAreaElement;
  const before = area.value.split("\n").slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0);
  area.focus();
  area.setSelectionRange(before + column - 1, before + column);
  area.scrollTop = Math.max(0, (line - 5) * 18);
}

function Outcome({ answer }: { answer: Answer }) {
  if (answer.problem) return <p class="bad" role="alert">{answer.problem}</p>;
  if (answer.mistakes) {
    return (
      <ul class="mistakes" role="alert">
        {answer.mistakes.map((m) => (
          <li>
            {m.line > 0 ? <button onClick={() => goTo(m.line, m.column)}>{`line ${m.line}`}</button> : null} {m.where && <b>{m.where} </b>}{m.message}
          </li>
        ))}
      </ul>
    );
  }
  if (!answer.expectations) return null;
  return (
    <ul class="expectations">
      {answer.expectations.map((x) => (
        <li>
          <span class={x.ok ? "good" : "bad"}>{x.ok ? "✓" : "✗"}</span> <code>{x.that}</code>
          {x.ok ? x.because && <span class="dim"> {x.because}</span> : <pre class="dim">{x.failure}</pre>}
        </li>
      ))}
    </ul>
  );
}

const root = document.getElementById("app")!;
root.textContent = "";
render(<Bench />, root);
