import type { Page } from '@playwright/test';
import { expect, testWith } from './fixtures.ts';

/** The test function of journeys that need a desk with the people and a few tickets of the demo. */
export const test = testWith({}, 120);

export const MIA = 'agent@docket.example';
/** One of the other agents, whose rights a journey may change. */
export const ANOUK = 'anouk.kowalska@docket.example';
export const ADA = 'admin@docket.example';
export const JANA = 'customer@mail.example';

/** Signs in somebody of the demo, past the page: that one has journeys of its own. */
export async function signIn(page: Page, email: string): Promise<void> {
  const form = { email, password: 'docket-demo' };
  const answer = await page.request.post('/sign-in', { form, maxRedirects: 0 });
  expect(answer.status()).toBe(303);
}
