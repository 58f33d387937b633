import { AxeBuilder } from '@axe-core/playwright';
import { type BrowserContext, type BrowserContextOptions, expect, type Page, test as base } from '@playwright/test';
import { Server } from './server.ts';

export { expect };

type Fixtures = {
  /** Opens a page of another person: with cookies of its own, and watched for errors like `page`. */
  openPage: (options?: BrowserContextOptions) => Promise<Page>;
  /** Lets errors on the console pass whose text matches, for journeys that provoke them. */
  allowErrors: (pattern: RegExp) => void;
  watched: Watch;
};

type Watch = { add: (context: BrowserContext) => void; allowed: RegExp[] };

/** The test function of all journeys: with a server per worker, and failing upon any error in the browser. */
export const test = base.extend<Fixtures, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ server }, use) => use(server.url),

  watched: async ({}, use) => {
    const errors: string[] = [];
    const allowed: RegExp[] = [];
    const note = (error: string) => {
      if (!allowed.some((pattern) => pattern.test(error))) errors.push(error);
    };
    await use({
      allowed,
      add: (context) => {
        context.on('console', (message) => {
          if (message.type() === 'error') note(`${message.text()} (${message.location().url})`);
        });
        context.on('weberror', (error) => note(String(error.error())));
      },
    });
    expect(errors, 'errors in the browser').toEqual([]);
  },

  context: async ({ context, watched }, use) => {
    watched.add(context);
    await use(context);
  },

  openPage: async ({ browser, baseURL, watched }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (options = {}) => {
      const context = await browser.newContext({ baseURL, ...options });
      contexts.push(context);
      watched.add(context);
      return context.newPage();
    });
    for (const context of contexts) await context.close();
  },

  allowErrors: async ({ watched }, use) => use((pattern) => void watched.allowed.push(pattern)),
});

/** The test function of journeys with a server of their own, which is started with these (see `Server.start`). */
export function testWith(...how: Parameters<typeof Server.start>) {
  return test.extend<{}, { server: Server }>({
    server: [
      async ({}, use) => {
        const server = await Server.start(...how);
        await use(server);
        await server.stop();
      },
      { scope: 'worker', timeout: 120_000 },
    ],
  });
}

/** Waits until the page's script has taken over: before, clicks fall on elements that nothing listens to. */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('html[data-hydrated]')).toBeAttached();
}

/** What axe finds against WCAG 2.2 A and AA, or its own best practices, on the page. */
export async function accessibilityFaults(page: Page): Promise<{ id: string; help: string; where: string[] }[]> {
  const found = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ html }) => html) }));
}

/** Fails if axe finds anything on the page. */
export async function expectAccessible(page: Page): Promise<void> {
  expect(await accessibilityFaults(page), 'accessibility').toEqual([]);
}
