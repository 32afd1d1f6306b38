// A client's code against the generated types: what it names must be there, with these types.
import type { components, operations } from './api';

type Asked = operations['ask_for_transitions']['responses'][202]['content']['application/json'];
type Problem = operations['register_app']['responses'][422]['content']['application/problem+json'];
type Listed = operations['list_catalog']['responses'][200]['content']['application/json'];

export const status: Asked['status'] = 'due';
export const pointer = (problem: Problem): string | undefined => problem.errors?.[0]?.pointer;
export const names = (page: Listed): string[] => page.items.map((one) => one.name);
export const page: components['schemas']['AppPage'] = { items: [] };
