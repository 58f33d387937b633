import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import samlp from 'samlp';
import { generate } from 'selfsigned';

/** Somebody as a provider of SAML knows them. */
export type Person = { id: string; displayName: string; email: string };

/** What the package wants of a web framework. */
type Asked = IncomingMessage & { query: Record<string, string>; protocol: string; originalUrl: string; user?: object };
type Answering = ServerResponse & { set: (name: string, value: string) => void; send: (body: string | number) => void };

/** A real provider of SAML on loopback: the one of the package `samlp`, with a page to choose who one is. */
export class SamlProvider {
  private constructor(
    /** Its address. */
    readonly address: string,
    readonly entity: string,
    private readonly http: HttpServer,
  ) {}

  /** Starts one that knows these people, and sends what it says of them to this address. */
  static async start(answers: string, people: Person[]): Promise<SamlProvider> {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'idp.acme.example' }], {
      algorithm: 'sha256',
      keySize: 2048,
    });
    const http = createServer();
    await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
    const address = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const entity = 'urn:acme:saml';
    const say = samlp.auth({
      issuer: entity,
      cert,
      key,
      destination: answers,
      recipient: answers,
      lifetimeInSeconds: 300,
      getPostURL: (_: string, __: unknown, ___: unknown, then: (error: null, to: string) => void) => then(null, answers),
    });
    const describe = samlp.metadata({ issuer: entity, cert, redirectEndpointPath: '/sso', postEndpointPath: '/sso' });
    http.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const url = new URL(incoming.url ?? '/', address);
      const request = Object.assign(incoming, {
        query: Object.fromEntries(url.searchParams),
        protocol: 'http',
        originalUrl: incoming.url ?? '/',
      }) as Asked;
      const response = Object.assign(outgoing, {
        set: (name: string, value: string) => void outgoing.setHeader(name, `${value}; charset=utf-8`),
        send: (body: string | number) => void outgoing.end(String(body)),
      }) as Answering;
      const fail = (error?: Error) => void outgoing.writeHead(500).end(String(error));
      if (url.pathname === '/metadata') return void describe(request, response, fail);
      const person = people.find(({ id }) => id === url.searchParams.get('as'));
      if (person) {
        const [givenName, familyName] = person.displayName.split(' ');
        request.user = { ...person, name: { givenName, familyName }, emails: [{ value: person.email }] };
        return void say(request, response, fail);
      }
      const choices = people.map(({ id, displayName }) => {
        url.searchParams.set('as', id);
        return `<p><a href="${url.pathname}${url.search.replaceAll('&', '&amp;')}">${displayName}</a></p>`;
      });
      outgoing.setHeader('content-type', 'text/html; charset=utf-8');
      outgoing.end(
        `<!DOCTYPE html><html lang="en"><head><title>Provider</title><link rel="icon" href="data:,"></head>
         <body><h1>Who are you?</h1>${choices.join('')}</body></html>`,
      );
    });
    return new SamlProvider(address, entity, http);
  }

  async metadata(): Promise<string> {
    return (await fetch(`${this.address}/metadata`)).text();
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((stopped) => this.http.close(stopped));
  }
}
