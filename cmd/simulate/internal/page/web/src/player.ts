import { Block, type Address } from "./block.ts";
import { AddressState, arity, BlockFlag, BranchState, ENIFlag, NodeFlag, Op, Phase, type Film } from "./film.ts";

export interface NodeState {
  flags: number;
  enis: number[];
  branches: number[];
  total: number; // addresses, and those that pods hold
  held: number;
  pods: number; // bound and there
  waiting: Set<number>;
}

export interface PodState {
  phase: Phase;
  node: number;
  waits: boolean;
  reason: number;
}

export interface Counts {
  total: number;
  held: number;
  running: number;
  waiting: number;
}

/** Sorts ENIs by card and device, branches last: eni2 before eni10. */
function rank(name: string): number {
  const numbers = name.match(/\d+/g)?.map(Number) ?? [];
  if (name.startsWith("card")) return 1000 * numbers[0]! + (numbers[1] ?? 0);
  return numbers[0] ?? 1e9;
}

/**
 * Plays a film: it applies operations up to an instant, and holds what they
 * leave. To go back it begins anew, which takes a moment only.
 */
export class Player {
  /** The instant that is looked at, and that of the last operation up to it. */
  now = 0;
  private clock = 0;
  private next = 0;
  private cool = new Set<Block>(); // blocks with an address that cools, or did
  nodes!: NodeState[];
  there!: Set<number>; // ENIs
  eniFlags!: Map<number, number>;
  eniBlocks!: Map<number, Block[]>;
  branches!: Map<number, { node: number; state: BranchState; pod: number }>;
  private readonly ranks: number[];
  private readonly made: (Block | undefined)[]; // by place; each comes once in a run
  pods!: PodState[];
  unplaced!: Set<number>; // pods that wait without a node
  subnets!: SubnetState[];
  episodes!: Set<number>;
  counts!: Counts;
  calls = 0;
  refused = 0;

  constructor(readonly film: Film) {
    this.ranks = film.enis.map((e) => rank(e.name));
    this.made = new Array(film.blocks.length);
    this.reset();
  }

  private reset(): void {
    const f = this.film;
    this.now = 0;
    this.clock = 0;
    this.next = 0;
    this.cool = new Set();
    this.nodes = f.nodes.map(() => ({ flags: -1, enis: [], branches: [], total: 0, held: 0, pods: 0, waiting: new Set() }));
    this.there = new Set();
    this.eniFlags = new Map();
    this.eniBlocks = new Map();
    for (const block of this.made) if (block) block.eni = -1;
    this.branches = new Map();
    this.pods = f.pods.map(() => ({ phase: Phase.Gone, node: -1, waits: false, reason: -1 }));
    this.unplaced = new Set();
    this.subnets = f.subnets.map((s) => ({ taken: new Uint8Array(s.size), leaked: new Uint8Array(s.size), blocks: new Uint8Array(s.size / 16), used: 0, leaks: 0 }));
    this.episodes = new Set();
    this.counts = { total: 0, held: 0, running: 0, waiting: 0 };
    this.calls = 0;
    this.refused = 0;
  }

  /** Goes to an instant: all that happens at it has happened. */
  seek(ms: number): void {
    if (ms < this.now) this.reset();
    const ops = this.film.ops;
    while (this.next < ops.length) {
      const code = ops[this.next]!;
      if (code === Op.Time && this.clock + ops[this.next + 1]! > ms) break;
      this.apply(code, this.next + 1);
      this.next += 1 + arity[code]!;
    }
    this.now = ms;
  }

  private apply(code: number, at: number): void {
    const ops = this.film.ops;
    const a = ops[at]!;
    const b = ops[at + 1]!;
    switch (code) {
      case Op.Time:
        this.clock += a;
        break;
      case Op.Node:
        this.nodes[a]!.flags = b;
        break;
      case Op.ENI:
        this.eni(a, b === 1);
        break;
      case Op.ENIFlags:
        this.eniFlags.set(a, b);
        break;
      case Op.Block:
        this.block(a, b, ops[at + 2] === 1);
        break;
      case Op.BlockFlags:
        this.blockFlags(this.made[a]!, b);
        break;
      case Op.Address:
        this.address(this.made[a]!, b, { state: ops[at + 2]!, pod: ops[at + 3]!, until: ops[at + 4]! });
        break;
      case Op.Branch:
        this.branch(a, b, ops[at + 2]!, ops[at + 3]!);
        break;
      case Op.Pod:
        this.pod(a, { phase: b, node: ops[at + 2]!, waits: ops[at + 3] === 1, reason: ops[at + 4]! });
        break;
      case Op.Subnet:
        take(this.subnets[a]!, b, ops[at + 2]!, ops[at + 3]!);
        break;
      case Op.Leaked:
        leak(this.subnets[a]!, b, ops[at + 2]!, ops[at + 3]!);
        break;
      case Op.Episode:
        if (b === 1) this.episodes.add(a);
        else this.episodes.delete(a);
        break;
      case Op.Calls:
        this.calls += a;
        this.refused += b;
    }
  }

  private eni(eni: number, comes: boolean): void {
    const info = this.film.enis[eni]!;
    const node = this.nodes[info.node]!;
    if (comes) {
      this.there.add(eni);
      node.enis.push(eni);
      node.enis.sort((a, b) => this.ranks[a]! - this.ranks[b]! || a - b);
      this.eniBlocks.set(eni, []);
      if (info.pod >= 0) this.count(info.node, 1, 1);
      return;
    }
    this.there.delete(eni);
    node.enis.splice(node.enis.indexOf(eni), 1);
    for (const block of this.eniBlocks.get(eni)!) {
      this.countBlock(block, -1);
      block.eni = -1;
    }
    this.eniBlocks.delete(eni);
    if (info.pod >= 0) this.count(info.node, -1, -1);
  }

  private count(node: number, total: number, held: number): void {
    const of = this.nodes[node]!;
    of.total += total;
    of.held += held;
    this.counts.total += total;
    this.counts.held += held;
  }

  /** Counts a block, or with a sign of -1 takes it out of the counts. */
  private countBlock(block: Block, sign = 1): void {
    if (block.eni >= 0 && !(block.flags & BlockFlag.LeftOver)) this.count(this.film.enis[block.eni]!.node, sign * block.size, sign * block.held);
  }

  private block(id: number, eni: number, comes: boolean): void {
    const on = this.eniBlocks.get(eni)!;
    const block = (this.made[id] ??= new Block(this.film.blocks[id]!));
    if (comes) {
      block.come(eni);
      const after = on.findIndex((other) => other.first > block.first);
      on.splice(after < 0 ? on.length : after, 0, block);
      this.countBlock(block);
      return;
    }
    on.splice(on.indexOf(block), 1);
    this.countBlock(block, -1);
    block.eni = -1;
  }

  private blockFlags(block: Block, flags: number): void {
    this.countBlock(block, -1);
    block.flags = flags;
    this.countBlock(block);
  }

  private address(block: Block, place: number, now: Address): void {
    this.countBlock(block, -1);
    if (block.addresses[place]?.state === AddressState.Held) block.held--;
    if (now.state === AddressState.Held) block.held++;
    block.addresses[place] = now;
    if (now.state === AddressState.Cooling) this.cool.add(block);
    this.countBlock(block);
  }

  private branch(id: number, node: number, state: BranchState, pod: number): void {
    const on = this.nodes[node]!.branches;
    if (!this.branches.has(id)) on.push(id);
    this.branches.set(id, { node, state, pod });
    if (state === BranchState.Gone) on.splice(on.indexOf(id), 1);
  }

  private pod(id: number, now: PodState): void {
    const was = this.pods[id]!;
    this.pods[id] = now;
    if (was.phase === Phase.Running) this.counts.running--;
    if (now.phase === Phase.Running) this.counts.running++;
    if (was.waits) this.counts.waiting--;
    if (now.waits) this.counts.waiting++;
    this.waitingAt(was).delete(id);
    if (now.waits) this.waitingAt(now).add(id);
    if (was.node >= 0 && was.phase !== Phase.Gone) this.nodes[was.node]!.pods--;
    if (now.node >= 0 && now.phase !== Phase.Gone) this.nodes[now.node]!.pods++;
  }

  private waitingAt(pod: PodState): Set<number> {
    return pod.node < 0 ? this.unplaced : this.nodes[pod.node]!.waiting;
  }

  /** The nodes that are there. */
  living(): number[] {
    const out: number[] = [];
    this.nodes.forEach((n, i) => {
      if (n.flags >= 0 && !(n.flags & NodeFlag.Gone)) out.push(i);
    });
    return out;
  }

  /** Addresses that cool, over all nodes. */
  cooling(): number {
    let n = 0;
    for (const block of this.cool) {
      const k = block.eni < 0 ? 0 : block.cooling(this.now);
      if (k === 0) this.cool.delete(block);
      else if (!(block.flags & BlockFlag.LeftOver)) n += k;
    }
    return n;
  }

  servesNone(eni: number): boolean {
    return ((this.eniFlags.get(eni) ?? 0) & ENIFlag.ServesNone) !== 0;
  }

  /** Finds the address that a pod holds. */
  find(pod: number): { block: Block; place: number } | undefined {
    for (const blocks of this.eniBlocks.values()) {
      for (const block of blocks) {
        if (block.held === 0) continue;
        const place = block.addresses.findIndex((a) => a?.state === AddressState.Held && a.pod === pod);
        if (place >= 0) return { block, place };
      }
    }
    return undefined;
  }
}

/** What EC2 has given out of a subnet, and what of that leaked ENIs hold. */
export interface SubnetState {
  taken: Uint8Array; // by address
  leaked: Uint8Array;
  blocks: Uint8Array; // how many are taken of each /28
  used: number;
  leaks: number;
}

function take(subnet: SubnetState, from: number, n: number, now: number): void {
  for (let i = from; i < from + n; i++) {
    const change = now - subnet.taken[i]!;
    subnet.taken[i] = now;
    subnet.blocks[i >> 4]! += change;
    subnet.used += change;
  }
}

function leak(subnet: SubnetState, from: number, n: number, now: number): void {
  for (let i = from; i < from + n; i++) {
    subnet.leaks += now - subnet.leaked[i]!;
    subnet.leaked[i] = now;
  }
}
