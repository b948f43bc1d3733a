import { AddressState } from "./film.ts";

export interface Address {
  state: AddressState;
  pod: number;
  until: number; // the last instant of cooling
}

/** A secondary address or a prefix of an ENI. */
export class Block {
  readonly first: number; // IPv4 as a number; 0 of IPv6
  readonly size: number; // 0 of IPv6
  flags = 0;
  held = 0;
  eni = -1; // whose it is; -1: nobody's
  /** By place in the block; what isn't there is free. Of IPv6 prefixes by order. */
  addresses: Address[] = [];

  constructor(readonly label: string) {
    const [address, bits] = label.split("/");
    const v6 = label.includes(":");
    this.first = v6 ? 0 : toNumber(address!);
    this.size = bits === undefined ? 1 : v6 ? 0 : 1 << (32 - Number(bits));
  }

  /** Comes to an ENI, with nothing held. */
  come(eni: number): void {
    this.eni = eni;
    this.flags = 0;
    this.held = 0;
    this.addresses = [];
  }

  get isPrefix(): boolean {
    return this.size !== 1;
  }

  /** The state of an address at an instant. */
  state(place: number, now: number): AddressState {
    const a = this.addresses[place];
    if (!a || (a.state === AddressState.Cooling && a.until < now)) return AddressState.Free;
    return a.state;
  }

  cooling(now: number): number {
    let n = 0;
    for (const a of this.addresses) if (a && a.state === AddressState.Cooling && a.until >= now) n++;
    return n;
  }
}

export function toNumber(address: string): number {
  return address.split(".").reduce((n, part) => n * 256 + Number(part), 0);
}

export function toAddress(n: number): string {
  return [24, 16, 8, 0].map((s) => (n >>> s) & 255).join(".");
}
