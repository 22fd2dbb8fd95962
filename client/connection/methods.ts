import { v1 } from '../../proto/services.ts';

/** The methods of each service, by name. */
export const containers = v1.ContainerService.service;
export const sessions = v1.SessionService.service;
export const logs = v1.LogService.service;
export const events = v1.EventService.service;
export const system = v1.SystemService.service;
