import type { AppHub } from '../hub/app-hub.js'
import { isUserId } from '../protocol/channel-name.js'
import { quoted } from '../protocol/errors.js'
import { ok, refused, type ApiResponse } from './message.js'

/** `POST /apps/ID/users/UID/terminate_connections`. Source: protocol.md#termination-closes-signed-in. */
export async function terminateConnections(hub: AppHub, userId: string): Promise<ApiResponse> {
  if (!isUserId(userId)) {
    return refused(
      400,
      `Invalid user id '${quoted(userId)}': at most 128 characters of A-Z a-z 0-9 _ - = @ , . ;`,
    )
  }
  await hub.terminate(userId)
  return ok('{}')
}
