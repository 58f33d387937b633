import type { Page } from '@playwright/test';
import { expect, hydrated, test as base } from './fixtures.ts';
import { Server } from './server.ts';

/** The test function of journeys that need a desk with the people and a few tickets of the demo. */
export const test = base.extend<{}, { server: Server }>({
  server: [
    async ({}, use) => {
      const server = await Server.start({}, 120);
      await use(server);
      await server.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
});

export const MIA = 'agent@docket.example';
export const ADA = 'admin@docket.example';
export const JANA = 'customer@mail.example';

/** Signs in somebody of the demo by the page's form. */
export async function signIn(page: Page, email: string): Promise<void> {
  await page.goto('/sign-in');
  await hydrated(page);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill('docket-demo');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).not.toHaveURL(/sign-in/);
}
