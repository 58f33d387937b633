import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type KoaContextWithOIDC } from 'oidc-provider';

/** Somebody as a provider knows them. */
export type Account = { sub: string; name: string; email: string; email_verified?: boolean };

/** The client that Docket is there. */
export const CLIENT = { id: 'docket', secret: 'a secret of the provider, as long as it wants' };

/** A real provider of OpenID Connect on loopback: the one of the package `oidc-provider`, with a page to choose an account. */
export class Outside {
  private constructor(
    /** Its address, as it writes it itself. */
    readonly issuer: string,
    private readonly http: HttpServer,
    private readonly accounts: Account[],
  ) {}

  /** Starts one that these accounts are known to, and that sends people back to this address. */
  static async start(back: string, accounts: Account[]): Promise<Outside> {
    const http = createServer();
    await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
    const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const provider = new Provider(issuer, {
      clients: [{ client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [back] }],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      cookies: { keys: ['only for journeys'] },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `/choose/${uid}` },
      findAccount: (_, id) => {
        const account = accounts.find(({ sub }) => sub === id);
        return account && { accountId: id, claims: () => ({ ...account }) };
      },
      // Nobody is asked what Docket may know: that is not what is tried here.
      loadExistingGrant: async ({ oidc }: KoaContextWithOIDC) => {
        const { client, session } = oidc;
        const grant = new oidc.provider.Grant({ clientId: client?.clientId, accountId: session?.accountId });
        grant.addOIDCScope('openid email profile');
        await grant.save();
        return grant;
      },
    });
    const answer = provider.callback();
    http.on('request', async (request, response) => {
      const url = new URL(request.url ?? '/', issuer);
      if (!url.pathname.startsWith('/choose/')) return void answer(request, response);
      const accountId = url.searchParams.get('account');
      if (accountId) {
        return void (await provider.interactionFinished(request, response, { login: { accountId } }));
      }
      const choices = accounts.map(({ sub, name }) => `<p><a href="${url.pathname}?account=${sub}">${name}</a></p>`);
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(
        `<!DOCTYPE html><html lang="en"><head><title>Provider</title><link rel="icon" href="data:,"></head>
         <body><h1>Who are you?</h1>${choices.join('')}</body></html>`,
      );
    });
    return new Outside(issuer, http, accounts);
  }

  /** One more account. */
  knows(account: Account): void {
    this.accounts.push(account);
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((stopped) => this.http.close(stopped));
  }
}
