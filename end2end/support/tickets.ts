import type { Locator, Page } from '@playwright/test';
import { expect, hydrated } from './fixtures.ts';

/** What a new ticket is, where a journey does not care. */
type Wish = { subject?: string; body?: string; email?: string; name?: string };

/** Opens a ticket for a customer, as the agent who is signed in on this page. Returns its number. */
export async function newTicket(page: Page, wish: Wish = {}): Promise<number> {
  const { subject = 'Label printer offline', body = 'It blinks red.', email = 'customer@mail.example', name = 'Jana Weiß' } = wish;
  const ticket = {
    subject,
    body,
    requester: { address: { name, email } },
    urgency: 'medium',
    importance: 'medium',
    tags: [],
    source: 'phone',
    attachments: [],
    assignee: null,
  };
  const made = await page.request.post('/rpc/tickets/create', { data: { ticket } });
  expect(made.ok(), await made.text()).toBe(true);
  return (await made.json()).id;
}

/** Adds a reply as the agent who is signed in on this page. */
export async function reply(page: Page, id: number, body: string): Promise<void> {
  const message = { writing: 'reply', body, attachments: [], seen: null, status: null };
  const made = await page.request.post('/rpc/tickets/write', { data: { id, message } });
  expect(made.ok(), await made.text()).toBe(true);
}

/** Opens an address and waits until the page is taken over and gets news. */
export async function live(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await hydrated(page);
  await connected(page);
}

/** Waits until the page gets news. */
export async function connected(page: Page): Promise<void> {
  await expect(page.locator('html[data-live]')).toBeAttached();
}

export const conversation = (page: Page): Locator => page.getByRole('region', { name: 'Conversation' });
export const replyField = (page: Page): Locator => page.getByRole('textbox', { name: /^Reply to/ });
export const noteField = (page: Page): Locator => page.getByRole('textbox', { name: 'Internal note' });
export const property = (page: Page, name: string): Locator =>
  page.getByRole('complementary').getByRole('button', { name: new RegExp(`^${name}(:|$)`) });

/** Waits until what was written is kept by the server. */
export async function draftSaved(page: Page): Promise<void> {
  await expect(page.getByText('draft saved')).toBeVisible();
}
