// The changes that we make to GameNetworkingSockets, and the copy of its crate in the cache that has them. Every build
// of GNS here uses that copy. docs/gns-socket.md says what the changes are for, docs/upgrading-gns.md how to renew
// them.
// As a program it prints the folder of the Cargo package that builds the copy.
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { cache, root } from "./paths.mjs";
import { main } from "./run.mjs";
import { fillOnce, keyOf } from "./toolchain.mjs";

const CRATE = "game-networking-sockets-sys";
const deps = join(root, "deps");
const CLIENT = "src/steamnetworkingsockets/clientlib";
const PROTOCOL = `${CLIENT}/steamnetworkingsockets_snp.cpp`;
const PROTOCOL_HEADER = `${CLIENT}/steamnetworkingsockets_snp.h`;
const CONNECTION = `${CLIENT}/steamnetworkingsockets_connections.cpp`;
const CONNECTION_HEADER = `${CLIENT}/steamnetworkingsockets_connections.h`;
const TIMERS = "src/steamnetworkingsockets/steamnetworkingsockets_thinker.cpp";
const NEXT = "m_statsEndToEnd.m_nNextSendSequenceNumber";
const NEAREST = "nLatestRecvSeqNum = NearestWithSameLowerBits";

/** Each `find` has to be in its file exactly once. `add` follows it; `replace` takes its place. */
const changes = [
  // 1. An acknowledgement has 4 bytes for the packet number where the sender may be far beyond that packet. GNS always
  // writes 2, and 32,768 packets later they mean another packet. Decoders before protocol version 13 read 2 only.
  { file: PROTOCOL, find: "enum { k_cbHeaderSize = 5 };", add: "\n\tint m_cbHeader = k_cbHeaderSize;" },
  {
    file: PROTOCOL,
    find: "helper.m_acks.m_nBlocksNeedToAck = 0;",
    add: `
	if ( m_statsEndToEnd.m_nPeerProtocolVersion >= 13
		&& m_statsEndToEnd.m_nMaxRecvPktNum - m_receiverState.m_mapPacketGaps.begin()->first >= 0x1000 )
		helper.m_acks.m_cbHeader += 2;`,
  },
  {
    file: PROTOCOL,
    find: "int cbEncodedSize = helper.m_acks.k_cbHeaderSize;",
    replace: "int cbEncodedSize = helper.m_acks.m_cbHeader;",
  },
  {
    file: PROTOCOL,
    find: "if ( cbPayloadRemainingForAcks >= SNPAckSerializerHelper::k_cbHeaderSize )",
    replace: "if ( cbPayloadRemainingForAcks >= helper.m_acks.m_cbHeader )",
  },
  {
    file: PROTOCOL,
    find: "cbReserveForAcks = SNPAckSerializerHelper::k_cbHeaderSize;",
    replace: "cbReserveForAcks = helper.m_acks.m_cbHeader;",
  },
  {
    file: PROTOCOL,
    find: "if ( pOut + SNPAckSerializerHelper::k_cbHeaderSize > pOutEnd )",
    replace: "if ( pOut + helper.m_acks.m_cbHeader > pOutEnd )",
  },
  {
    file: PROTOCOL,
    find: "uint16 *pLatestPktNum = (uint16 *)pOut;",
    replace: `const bool bWide = helper.m_acks.m_cbHeader > SNPAckSerializerHelper::k_cbHeaderSize;
	const auto putLatestPktNum = [bWide, pLatest = pOut]( int64 nPktNum ) {
		if ( bWide )
			*(uint32 *)pLatest = LittleDWord( uint32( nPktNum ) );
		else
			*(uint16 *)pLatest = LittleWord( uint16( nPktNum ) );
	};
	if ( bWide )
		pOut += 2;`,
  },
  { file: PROTOCOL, find: "*pAckHeaderByte = 0x98;", replace: "*pAckHeaderByte = bWide ? 0x90 : 0x98;" },
  ...["(uint16)nLastPktToAck", "uint16( nLastRecvPktNum )", "uint16( pBlock->m_nLatestPktNum )"].map((number) => ({
    file: PROTOCOL,
    find: `*pLatestPktNum = LittleWord( ${number} );`,
    replace: `putLatestPktNum( ${number.replace(/^\W*uint16\W+|\W+$/g, "")} );`,
  })),

  // 2. A packet number of 16 bits that may mean two packets ends the connection: an unmodified peer sends it when it
  // has been standing still for minutes.
  {
    file: PROTOCOL,
    find: `${NEAREST}( (int16)nLowerBits, ${NEXT} );`,
    add: `
					if ( m_senderState.PktsAhead( ${NEXT} ) > 0x7000 )
						DECODE_ERROR( "Ambiguous ack: 16 bits for more than %d packets", 0x7000 );`,
  },

  // 3. The sender is never so far ahead that a packet number could be ambiguous, here or in the head of a packet: with
  // 0x3000 packets unacknowledged, or nearly as many reliable segments as GNS has 16-bit handles for (one more ends the
  // process), it sends one packet every 10 ms. A receiver acknowledges what is unreliable every few seconds only, so
  // beyond 0x400 packets the sender asks for it.
  {
    file: PROTOCOL_HEADER,
    find: "int64 m_nMinPktWaitingOnAck = 0;",
    add: `

	int64 PktsAhead( int64 nNextPktNum ) const { return nNextPktNum - m_nMinPktWaitingOnAck; }
	bool BAsksForAck( int64 nNextPktNum ) const
	{
		const int64 nAhead = PktsAhead( nNextPktNum );
		return nAhead > 0x400 && ( ( nNextPktNum & 0x3ff ) == 0 || nAhead > 0x3000 );
	}
	bool BTooFarAhead( int64 nNextPktNum ) const
	{
		return PktsAhead( nNextPktNum ) > 0x3000 || m_listSentReliableSegments.Count() > 0xc000;
	}
	bool BSegmentsFull() const { return m_listSentReliableSegments.Count() > 0xf000; }`,
  },
  {
    file: CONNECTION_HEADER,
    find: "void QueueFlushAllAcks( SteamNetworkingMicroseconds usecWhen )",
    replace: `bool SNP_BAsksForAck() const { return m_senderState.BAsksForAck( ${NEXT} ); }

	void QueueFlushAllAcks( SteamNetworkingMicroseconds usecWhen )`,
  },
  {
    file: `${CLIENT}/steamnetworkingsockets_udp.cpp`,
    find: "eReplyRequested == k_EStatsReplyRequest_DelayedOK || statsEndToEnd.BNeedToSendKeepalive( m_usecNow )",
    add: " || connection.SNP_BAsksForAck()",
  },
  {
    file: PROTOCOL,
    find: "while ( segmentCollector.m_cbRemainingForSegments > 4 )",
    replace: "while ( segmentCollector.m_cbRemainingForSegments > 4 && !m_senderState.BSegmentsFull() )",
  },
  {
    file: CONNECTION_HEADER,
    find: "SteamNetworkingMicroseconds SNP_TimeWhenWantToSendNextPacket() const;",
    add: "\n\tSteamNetworkingMicroseconds SNP_TimeWhenWantToSendIfNotAhead() const;",
  },
  {
    file: PROTOCOL,
    find: "SteamNetworkingMicroseconds CSteamNetworkConnectionBase::SNP_TimeWhenWantToSendNextPacket() const",
    add: `
{
	const SteamNetworkingMicroseconds usecWanted = SNP_TimeWhenWantToSendIfNotAhead();
	if ( !m_senderState.BTooFarAhead( ${NEXT} ) )
		return usecWanted;
	const auto itLastSent = m_senderState.m_mapInFlightPacketsByPktNum.rbegin();
	return std::max( usecWanted, itLastSent->second.m_usecWhenSent + 10*1000 );
}

SteamNetworkingMicroseconds CSteamNetworkConnectionBase::SNP_TimeWhenWantToSendIfNotAhead() const`,
  },

  // 4. What is to be sent again mostly belongs beside what came into that queue last, so its place is searched from
  // there. GNS searches from the start, and spends seconds on it with its lock held when 10,000 segments time out.
  {
    file: PROTOCOL_HEADER,
    find: "CUtlLinkedList<uint16,uint16> m_listReadyRetryReliableRange;",
    add: "\n\tuint16 m_hLastRetry = 0xffff;",
  },
  {
    file: PROTOCOL,
    find: "uint16 hLinkBefore = m_senderState.m_listReadyRetryReliableRange.Head();",
    replace: `const auto &listRetry = m_senderState.m_listReadyRetryReliableRange;
		const uint16 hNone = listRetry.InvalidIndex();
		const auto orderOf = [&]( uint16 h ) { // 1 for what has to follow this segment, 0 for other lanes
			const SNPSendReliableSegment_t &other = m_senderState.m_listSentReliableSegments[ listRetry[ h ] ];
			if ( other.m_pMsg->m_idxLane != relSeg.m_pMsg->m_idxLane )
				return 0;
			return other.begin() > relSeg.begin() ? 1 : -1;
		};
		const uint16 hLast = m_senderState.m_hLastRetry;
		const uint16 hStart = listRetry.IsInList( hLast ) ? hLast : listRetry.Tail();
		uint16 hLinkBefore = hNone;
		for ( uint16 h = hStart; h != hNone; h = listRetry.Previous( h ) )
		{
			const int nOrder = orderOf( h );
			if ( nOrder < 0 )
				break;
			if ( nOrder > 0 )
				hLinkBefore = h;
		}
		for ( uint16 h = hStart; h != hNone && hLinkBefore == hNone; h = listRetry.Next( h ) )
		{
			if ( orderOf( h ) > 0 )
				hLinkBefore = h;
		}`,
  },
  {
    file: PROTOCOL,
    find: "m_senderState.m_listReadyRetryReliableRange[ relSeg.m_hStatusOrRetry ] = hSeg;",
    add: "\n\t\tm_senderState.m_hLastRetry = relSeg.m_hStatusOrRetry;",
  },

  // 5. A closed connection tells its peer again until that confirms it, and is gone then. GNS tells once, and answers
  // for 5 s what still comes in: a notice that is lost takes the reason along, and each close takes a place for 5 s.
  {
    file: CONNECTION,
    find: "// Keep hanging out until the fin wait time is up",
    replace: `m_usecWhenEnteredConnectionState = SteamNetworkingSockets_GetLocalTimestamp() - k_usecFinWaitTimeout;
			SetNextThinkTimeASAP();`,
  },
  {
    file: CONNECTION,
    find: "// It's not time yet, make sure we get our callback when it's time.",
    replace: `const SteamNetworkingMicroseconds usecElapsed = usecNow - m_usecWhenEnteredConnectionState;
			if ( m_pTransport && usecElapsed >= 100*1000 )
				m_pTransport->TransportConnectionStateChanged( k_ESteamNetworkingConnectionState_FinWait );
			const SteamNetworkingMicroseconds usecPause = std::max( usecElapsed, SteamNetworkingMicroseconds{ 100*1000 } );
			usecTimeout = std::min( usecTimeout, usecNow + usecPause );`,
  },

  // 6. A poll ends after 5 ms, and the timers that are due by then are left to the next one. GNS goes on until none is
  // due, up to 10,000 of them, which takes seconds when many connections send as fast as the processor can.
  {
    file: TIMERS,
    find: "int nIterations = 0;",
    add: "\n\tconst SteamNetworkingMicroseconds usecEnd = SteamNetworkingSockets_GetLocalTimestamp() + 5*1000;",
  },
  {
    file: TIMERS,
    find: "++nIterations;",
    add: "\n\t\tif ( nIterations > 1 && usecNow > usecEnd )\n\t\t\tbreak;",
  },

  // 7. A connection with more to send than its rate allows in 250 us pauses for as long when that rate is used up, and
  // then sends what has come together in one batch. GNS is ready again 25 us later, and then every message that is
  // added to the queue asks for a poll of its own, which sends few packets.
  {
    file: PROTOCOL_HEADER,
    find: "SteamNetworkingMicroseconds m_usecTokenBucketTime = 0;",
    add: "\n\tSteamNetworkingMicroseconds m_usecPauseEnd = 0;",
  },
  {
    file: PROTOCOL,
    find: `// We spent some tokens, do we have any left?
		if ( m_sendRateData.m_flTokenBucket < 0.0f )
`,
    add: `		{
			if ( m_senderState.PendingBytesTotal() > m_sendRateData.m_flCurrentSendRateUsed * 250e-6f )
				m_sendRateData.m_usecPauseEnd = usecNow + 250;
`,
  },
  {
    file: PROTOCOL,
    find: `			break;

		// Sent too many packets in one burst?`,
    replace: `			break;
		}

		// Sent too many packets in one burst?`,
  },
  {
    file: PROTOCOL,
    find: "// Time when we will next send is the greater of when we want to and when we can",
    add: "\n\t\tusecNextSend = std::max( usecNextSend, m_sendRateData.m_usecPauseEnd );",
  },
];

/** A file's text with its changes. */
export function patched(file, text, all = changes) {
  return all
    .filter((change) => change.file === file)
    .reduce((result, { find, add, replace = find + add }) => {
      const count = result.split(find).length - 1;
      if (count === 1) return result.replace(find, () => replace);
      throw new Error(
        `${file} of GameNetworkingSockets has ${count} times, instead of once, what scripts/patch-gns.mjs changes: ` +
          `${find}\nThe changes were written for another version; docs/upgrading-gns.md says how to renew them.`,
      );
    }, text);
}

/** Fetches the crates that deps/Cargo.lock pins. The function that it returns tells the folder of one. */
export function fetchCrates(name) {
  const manifest = join(deps, name, "Cargo.toml");
  const args = ["metadata", "--format-version=1", "--locked", "--manifest-path", manifest];
  const options = { encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] };
  const { packages } = JSON.parse(execFileSync("cargo", args, options));
  return (name) => dirname(packages.find((candidate) => candidate.name === name).manifest_path);
}

/** Where GNS's sources are in the folder of its crate. */
export const sourcesIn = (crate) => join(crate, "thirdparty", "GameNetworkingSockets");

/**
 * Copies the crate into the cache and changes it, unless the cache has it.
 * @returns {Promise<{ crate: string, build: string }>} the folder of the copy, and of the package that builds it
 */
export async function patchGns(original = fetchCrates("gns")(CRATE)) {
  const inputs = ["Cargo.toml", "Cargo.lock", "gns/Cargo.toml", "static/Cargo.toml"].map((file) => join(deps, file));
  const key = keyOf(JSON.stringify(changes), original, ...inputs.map((file) => readFileSync(file)));
  const folder = join(cache, "gns", key);
  const crate = join(folder, CRATE);
  await fillOnce(folder, (target) => {
    const copy = join(target, CRATE);
    cpSync(original, copy, { recursive: true });
    for (const file of new Set(changes.map((change) => change.file))) {
      const path = join(sourcesIn(copy), file);
      writeFileSync(path, patched(file, readFileSync(path, "utf8")));
    }
    // A workspace of its own: with the copy in place of the crate, cargo has to write the lock file anew.
    const workspace = join(target, "workspace");
    mkdirSync(workspace);
    for (const name of ["Cargo.toml", "Cargo.lock", "gns", "static"]) {
      cpSync(join(deps, name), join(workspace, name), { recursive: true });
    }
    const path = JSON.stringify(crate.replaceAll("\\", "/"));
    appendFileSync(join(workspace, "Cargo.toml"), `\n[patch.crates-io]\n${CRATE} = { path = ${path} }\n`);
  });
  return { crate, build: join(folder, "workspace", "gns") };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(async () => process.stdout.write((await patchGns()).build));
}
