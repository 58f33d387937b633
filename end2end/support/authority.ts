import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** What an authority says in place of what is right. */
export type Refusal = { status: number; kind: string; detail: string; retryAfter?: number };

/**
 * An authority (ACME) on loopback that says what it is told to. It gives real certificates for localhost, believes that every name
 * is ours and looks at no signature: what a real one does is tried in the tests of the server.
 */
export class Authority {
  /** What it refuses with, if it does. */
  refusal?: Refusal;
  private chain = '';
  private free: Promise<void> = Promise.resolve();

  private constructor(
    /** Where it is. */
    readonly directory: string,
    /** The file of who vouches for it. */
    readonly vouching: string,
    private readonly folder: string,
    private readonly server: HttpsServer,
    private readonly issuer: Issuer,
  ) {}

  static async start(): Promise<Authority> {
    const folder = await mkdtemp(path.join(tmpdir(), 'docket-authority-'));
    const issuer = new Issuer();
    const [key, certificate] = issuer.forLocalhost();
    const server = createServer({ key, cert: certificate });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const base = `https://localhost:${(server.address() as AddressInfo).port}`;
    const vouching = path.join(folder, 'authority.pem');
    await writeFile(vouching, issuer.certificate);
    const authority = new Authority(`${base}/directory`, vouching, folder, server, issuer);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', async () => {
        await authority.free;
        const [status, headers, body] = authority.answer(base, request.url ?? '/', Buffer.concat(parts).toString());
        response.writeHead(status, { 'replay-nonce': 'bm9uY2U', ...headers });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
    return authority;
  }

  /** Lets nothing be answered until what this returns is called. */
  hold(): () => void {
    let release = () => {};
    this.free = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  /** Files with a certificate and its key, for a server that is given them. */
  async files(): Promise<{ certificate: string; key: string }> {
    const [certificate, key] = [path.join(this.folder, 'certificate.pem'), path.join(this.folder, 'key.pem')];
    const [itsKey, itself] = this.issuer.forLocalhost();
    await Promise.all([writeFile(key, itsKey), writeFile(certificate, itself)]);
    return { certificate, key };
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((ended) => this.server.close(ended));
    await rm(this.folder, { recursive: true, force: true });
  }

  private answer(base: string, url: string, body: string): [number, Record<string, string>, unknown] {
    const order = (status: string) => ({
      status,
      authorizations: [`${base}/authorization`],
      finalize: `${base}/finalize`,
      certificate: status === 'valid' ? `${base}/certificate` : undefined,
    });
    switch (url) {
      case '/directory':
        return [200, {}, { newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order`, meta: {} }];
      case '/account':
        return [201, { location: `${base}/account/1` }, { status: 'valid' }];
      case '/order': {
        if (!this.refusal) return [201, { location: `${base}/order/1` }, order('ready')];
        const { status, kind, detail, retryAfter } = this.refusal;
        const wait: Record<string, string> = retryAfter ? { 'retry-after': String(retryAfter) } : {};
        return [status, wait, { type: `urn:ietf:params:acme:error:${kind}`, detail }];
      }
      case '/authorization':
        return [200, {}, { status: 'valid', identifier: { type: 'dns', value: 'localhost' }, challenges: [] }];
      case '/finalize': {
        const payload = JSON.parse(Buffer.from(JSON.parse(body).payload, 'base64url').toString());
        this.chain = this.issuer.certify(publicKeyOf(Buffer.from(payload.csr, 'base64url'))) + this.issuer.certificate;
        return [200, {}, order('valid')];
      }
      case '/order/1':
        return [200, {}, order('valid')];
      case '/certificate':
        return [200, {}, this.chain];
      default:
        return [200, {}, {}];
    }
  }
}

/** Signs certificates for localhost that are good for ninety days (RFC 5280), in DER (X.690), as far as these need it. */
class Issuer {
  /** Its own, in PEM. */
  readonly certificate: string;
  private readonly key: KeyObject;

  constructor() {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.key = privateKey;
    this.certificate = this.certify(publicKey.export({ type: 'spki', format: 'der' }), true);
  }

  /** A key and a certificate for it. */
  forLocalhost(): [string, string] {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const certificate = this.certify(publicKey.export({ type: 'spki', format: 'der' }));
    return [privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate];
  }

  /** A certificate in PEM. */
  certify(publicKey: Buffer, itself = false): string {
    const names = der(0x30, der(0x82, Buffer.from('localhost')));
    const extension = itself
      ? der(0x30, BASIC_CONSTRAINTS, der(0x01, Buffer.from([0xff])), der(0x04, der(0x30, der(0x01, Buffer.from([0xff])))))
      : der(0x30, ALTERNATIVE_NAMES, der(0x04, names));
    const day = 86_400_000;
    const content = der(
      0x30,
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      der(0x30, ECDSA_WITH_SHA256),
      named('Authority of the journeys'),
      der(0x30, moment(Date.now() - day), moment(Date.now() + 89 * day)),
      named(itself ? 'Authority of the journeys' : 'localhost'),
      publicKey,
      der(0xa3, der(0x30, extension)),
    );
    const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, this.key)]);
    const whole = der(0x30, content, der(0x30, ECDSA_WITH_SHA256), der(0x03, signature));
    const lines = whole.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }
}

/** An element: what it is, how long, and what is in it. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const ECDSA_WITH_SHA256 = der(0x06, Buffer.from('2a8648ce3d040302', 'hex'));
const COMMON_NAME = der(0x06, Buffer.from('550403', 'hex'));
const ALTERNATIVE_NAMES = der(0x06, Buffer.from('551d11', 'hex'));
const BASIC_CONSTRAINTS = der(0x06, Buffer.from('551d13', 'hex'));

function named(name: string): Buffer {
  return der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, Buffer.from(name)))));
}

function moment(at: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}

/** Where the content of the element at this place begins, and where it ends. */
function within(bytes: Buffer, at: number): [number, number] {
  const short = bytes[at + 1] ?? 0;
  if (short < 0x80) return [at + 2, at + 2 + short];
  const begins = at + 2 + (short & 0x7f);
  return [begins, begins + bytes.readUIntBE(at + 2, short & 0x7f)];
}

/** The key that somebody wants to be certified (RFC 2986): after the version and the name. */
function publicKeyOf(request: Buffer): Buffer {
  const [info] = within(request, 0);
  const [version] = within(request, info);
  const name = within(request, version)[1];
  const key = within(request, name)[1];
  return request.subarray(key, within(request, key)[1]);
}
