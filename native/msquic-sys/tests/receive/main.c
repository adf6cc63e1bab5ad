/*
 * What the edited receive path of the datapath hands over, with real sockets on loopback: lengths, addresses, ECN and hop limit of every
 * datagram, metadata that are clear although the block was used before, and nothing written beside a block (AddressSanitizer).
 *
 *     receive joined|single
 *
 * "single" is a kernel that joins no datagrams: the other of the two ways to read a socket.
 */

#include "platform_internal.h"

#include <netinet/udp.h>
#include <semaphore.h>
#include <stdio.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

/* What the client of the datapath keeps behind each datagram's metadata: no multiple of any alignment. */
#define CONTEXT 201
#define MOST 512
#define DIRT 0xA5
#define LARGEST_V4 65507 /* of UDP over IPv4, and the room of a block for joined datagrams */
#define LARGEST_V6 65527
#define LARGEST_SINGLE 16364 /* the room of a block for one datagram: CXPLAT_MAX_MTU without the headers of IPv4 */
#define SEGMENTS 53 /* of the smallest size that QUIC allows over IPv6, in one message */

typedef struct {
    uint32_t Length;
    uint8_t First, Last, Tos, HopLimit;
    QUIC_ADDR Remote;
} DATAGRAM;

static BOOLEAN Joined;
static sem_t Arrived, Go, Stopped;
static DATAGRAM Datagrams[MOST];
static uint32_t Count;
static int Failures;
static CXPLAT_SOCKET* Held; /* its first datagram stops the thread until Go */
static uint32_t CountOfHeld, CountBeforeOther;

/* The one function of the datapath that the program replaces (linked with --wrap). */
void __real_CxPlatDataPathCalculateFeatureSupport(CXPLAT_DATAPATH* Datapath);

void __wrap_CxPlatDataPathCalculateFeatureSupport(CXPLAT_DATAPATH* Datapath)
{
    __real_CxPlatDataPathCalculateFeatureSupport(Datapath);
    if (!Joined) Datapath->Features &= ~CXPLAT_DATAPATH_FEATURE_RECV_COALESCING;
}

/* The platform layer starts cryptography, of which nothing here has need. */
QUIC_STATUS CxPlatCryptInitialize(void) { return QUIC_STATUS_SUCCESS; }
void CxPlatCryptUninitialize(void) { }

static void Expect(BOOLEAN Holds, const char* What, uint64_t Found, uint64_t Wanted)
{
    if (Holds) return;
    printf("FAIL %s: %llu, not %llu\n", What, (unsigned long long)Found, (unsigned long long)Wanted);
    fflush(stdout);
    Failures++;
}

static void ExpectEqual(const char* What, uint64_t Found, uint64_t Wanted) { Expect(Found == Wanted, What, Found, Wanted); }

/* Metadata are clear when they come, and dirty when they go. */
static void CheckMetadata(CXPLAT_RECV_DATA* Data, const uint8_t* Payload)
{
    uint8_t* Context = (uint8_t*)(Data + 1);
    for (uint32_t i = 0; i < CONTEXT; i++) {
        if (Context[i] != 0) {
            ExpectEqual("a byte of the client's context", Context[i], 0);
            break;
        }
    }
    ExpectEqual("bits of the client", Data->Reserved + Data->ReservedEx + Data->QueuedOnConnection, 0);
    Expect(Context + CONTEXT <= Payload, "metadata end before the payload of their block", (uint64_t)(Context + CONTEXT), (uint64_t)Payload);
    memset(Context, DIRT, CONTEXT);
    Data->ReservedEx = 0xff;
    Data->Reserved = 0xf;
}

static void Receive(CXPLAT_SOCKET* Socket, void* Context, CXPLAT_RECV_DATA* Chain)
{
    UNREFERENCED_PARAMETER(Context);
    const uint8_t* Payload = NULL;
    const CXPLAT_ROUTE* Route = NULL;
    for (CXPLAT_RECV_DATA* Data = Chain; Data != NULL; Data = Data->Next) {
        if (Data->Route != Route) Payload = Data->Buffer; /* the first one of a block */
        Route = Data->Route;
        CheckMetadata(Data, Payload);
        if (Held != NULL) {
            if (Socket != Held) CountBeforeOther = CountOfHeld;
            else if (++CountOfHeld == 1) {
                sem_post(&Stopped);
                while (sem_wait(&Go) != 0) { }
            }
        }
        if (Count < MOST) {
            Datagrams[Count] = (DATAGRAM) {
                .Length = Data->BufferLength, .First = Data->Buffer[0], .Last = Data->Buffer[Data->BufferLength - 1],
                .Tos = Data->TypeOfService, .HopLimit = Data->HopLimitTTL, .Remote = Data->Route->RemoteAddress,
            };
        }
        Count++;
        sem_post(&Arrived);
    }
    CxPlatRecvDataReturn(Chain);
}

static void Unreachable(CXPLAT_SOCKET* Socket, void* Context, const QUIC_ADDR* Remote)
{
    UNREFERENCED_PARAMETER(Socket);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Remote);
}

/* A plain socket of the system that sends to one of the datapath. */
typedef struct {
    int Socket, Family;
    struct sockaddr_storage To;
    socklen_t ToLength;
    uint16_t Port;
} SENDER;

static SENDER NewSender(int Family, uint16_t Port)
{
    SENDER s = { .Socket = socket(Family, SOCK_DGRAM, 0), .Family = Family };
    if (s.Socket < 0) { perror("socket"); exit(2); }
    if (Family == AF_INET) {
        struct sockaddr_in To = { .sin_family = AF_INET, .sin_port = htons(Port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        memcpy(&s.To, &To, s.ToLength = sizeof(To));
    } else {
        struct sockaddr_in6 To = { .sin6_family = AF_INET6, .sin6_port = htons(Port), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        memcpy(&s.To, &To, s.ToLength = sizeof(To));
    }
    if (connect(s.Socket, (struct sockaddr*)&s.To, s.ToLength) != 0) { perror("connect"); exit(2); }
    struct sockaddr_storage Own;
    socklen_t Length = sizeof(Own);
    getsockname(s.Socket, (struct sockaddr*)&Own, &Length);
    s.Port = ntohs(Family == AF_INET ? ((struct sockaddr_in*)&Own)->sin_port : ((struct sockaddr_in6*)&Own)->sin6_port);
    return s;
}

static void SetEcn(const SENDER* s, int Ecn)
{
    int Result = s->Family == AF_INET ? setsockopt(s->Socket, IPPROTO_IP, IP_TOS, &Ecn, sizeof(Ecn))
                                      : setsockopt(s->Socket, IPPROTO_IPV6, IPV6_TCLASS, &Ecn, sizeof(Ecn));
    if (Result != 0) { perror("ECN"); exit(2); }
}

/* Byte i of a datagram is i mod 251, plus its number. */
static void SendBytes(const SENDER* s, uint32_t Length, uint16_t Segment)
{
    static uint8_t Bytes[70000];
    for (uint32_t i = 0; i < Length; i++) Bytes[i] = (uint8_t)(Segment == 0 ? i % 251 : i % Segment % 251 + i / Segment);
    int Size = Segment;
    if (setsockopt(s->Socket, IPPROTO_UDP, UDP_SEGMENT, &Size, sizeof(Size)) != 0) { perror("UDP_SEGMENT"); exit(2); }
    if (send(s->Socket, Bytes, Length, 0) != (ssize_t)Length) { perror("send"); exit(2); }
}

static void Await(uint32_t Wanted)
{
    struct timespec Until;
    clock_gettime(CLOCK_REALTIME, &Until);
    Until.tv_sec += 60; /* reached by a failure alone */
    for (uint32_t i = 0; i < Wanted; i++) {
        while (sem_timedwait(&Arrived, &Until) != 0) {
            if (errno == EINTR) continue;
            ExpectEqual("datagrams that arrived", Count, Wanted);
            return;
        }
    }
}

static uint16_t RemotePort(const DATAGRAM* d) { return ntohs(d->Remote.Ipv4.sin_port); }

/* Sends, and expects so many datagrams of one size, the last one of another. */
static void Check(const char* What, const SENDER* s, uint32_t Length, uint16_t Segment, int Ecn, uint32_t Wanted, uint32_t Each, uint32_t Last)
{
    Count = 0;
    SetEcn(s, Ecn);
    SendBytes(s, Length, Segment);
    Await(Wanted);
    char Text[120];
    snprintf(Text, sizeof(Text), "%s, IPv%d: ", What, s->Family == AF_INET ? 4 : 6);
    char* End = Text + strlen(Text);
    size_t Room = sizeof(Text) - strlen(Text);
    for (uint32_t i = 0; i < Wanted && i < Count; i++) {
        const DATAGRAM* d = &Datagrams[i];
        uint32_t Size = i + 1 == Wanted ? Last : Each;
        snprintf(End, Room, "length"); ExpectEqual(Text, d->Length, Size);
        snprintf(End, Room, "first byte"); ExpectEqual(Text, d->First, (uint8_t)i);
        snprintf(End, Room, "last byte"); ExpectEqual(Text, d->Last, (uint8_t)((Size - 1) % 251 + i));
        snprintf(End, Room, "ECN"); ExpectEqual(Text, d->Tos & 3, (uint64_t)Ecn);
        snprintf(End, Room, "hop limit"); ExpectEqual(Text, d->HopLimit, 64);
        snprintf(End, Room, "port"); ExpectEqual(Text, RemotePort(d), s->Port);
        snprintf(End, Room, "family"); ExpectEqual(Text, QuicAddrGetFamily(&d->Remote) == QUIC_ADDRESS_FAMILY_INET6, s->Family == AF_INET6);
    }
}

static void CheckFamily(int Family, uint16_t Port)
{
    SENDER s = NewSender(Family, Port);
    const uint32_t Room = Joined ? LARGEST_V4 : LARGEST_SINGLE;
    const uint32_t Largest = Family == AF_INET ? LARGEST_V4 : LARGEST_V6;
    /* Twice: the second time in blocks that the first one has left dirty. */
    for (int Time = 0; Time < 2; Time++) {
        for (int Ecn = 0; Ecn < 4; Ecn++) Check("one byte", &s, 1, 0, Ecn, 1, 1, 1);
        Check("all that a block has room for", &s, Room, 0, 1, 1, Room, Room);
        /* More than any packet may have: what does not fit is cut off. */
        Check("the largest datagram", &s, Largest, 0, 2, 1, Room, Room);
        Check("53 segments", &s, SEGMENTS * 1232, 1232, 1, SEGMENTS, 1232, 1232);
        Check("52 segments and a byte", &s, 52 * 1232 + 1, 1232, 3, SEGMENTS, 1232, 1);
        Check("two segments", &s, 2 * 1232, 1232, 2, 2, 1232, 1232);
        /* A message of more small datagrams than a block has metadata for ends with the 53rd. */
        Check("64 segments", &s, 64 * 100, 100, 2, Joined ? SEGMENTS : 64, 100, 100);
        /* Nothing comes of an empty one, and all of the next. */
        Count = 0;
        if (send(s.Socket, "", 0, MSG_DONTWAIT) != 0) { perror("send"); exit(2); }
        Check("after an empty datagram", &s, 1000, 0, 1, 1, 1000, 1000);
    }
    close(s.Socket);
}

/* A socket that never becomes empty does not keep others waiting: two turns at most, as the first was taken before the other had anything. */
static void CheckTurns(CXPLAT_SOCKET* Busy, uint16_t BusyPort, uint16_t OtherPort)
{
    const uint32_t Flood = 400, Turn = Joined ? 128 : 3 * SEGMENTS;
    SENDER Many = NewSender(AF_INET, BusyPort), One = NewSender(AF_INET, OtherPort);
    Count = 0;
    Held = Busy;
    SendBytes(&Many, 1, 0);
    while (sem_wait(&Stopped) != 0) { }
    for (uint32_t i = 1; i < Flood; i++) SendBytes(&Many, 1, 0);
    SendBytes(&One, 1, 0);
    sem_post(&Go);
    Await(Flood + 1);
    ExpectEqual("datagrams of the busy socket", CountOfHeld, Flood);
    Expect(CountBeforeOther >= 1 && CountBeforeOther <= 2 * Turn, "of the busy socket's datagrams, those before the other one's", CountBeforeOther, 2 * Turn);
    Held = NULL;
    close(Many.Socket);
    close(One.Socket);
}

static CXPLAT_SOCKET* NewSocket(CXPLAT_DATAPATH* Datapath, uint16_t* Port)
{
    QUIC_ADDR Local = { 0 };
    QuicAddrSetFamily(&Local, QUIC_ADDRESS_FAMILY_INET6); /* all addresses, of both families */
    CXPLAT_UDP_CONFIG Config = { .LocalAddress = &Local };
    CXPLAT_SOCKET* Socket = NULL;
    if (QUIC_FAILED(CxPlatSocketCreateUdp(Datapath, &Config, &Socket))) { printf("FAIL no socket\n"); exit(2); }
    QUIC_ADDR Bound;
    CxPlatSocketGetLocalAddress(Socket, &Bound);
    *Port = QuicAddrGetPort(&Bound);
    return Socket;
}

int main(int Words, char** Word)
{
    Joined = Words > 1 && strcmp(Word[1], "joined") == 0;
    sem_init(&Arrived, 0, 0);
    sem_init(&Go, 0, 0);
    sem_init(&Stopped, 0, 0);
    CxPlatSystemLoad();
    if (QUIC_FAILED(CxPlatInitialize())) return 2;
    /* One thread: what its sockets get then comes in an order. */
    QUIC_GLOBAL_EXECUTION_CONFIG Execution = { .Flags = QUIC_GLOBAL_EXECUTION_CONFIG_FLAG_NO_IDEAL_PROC, .ProcessorCount = 1 };
    CXPLAT_WORKER_POOL* Pool = CxPlatWorkerPoolCreate(&Execution, CXPLAT_WORKER_POOL_REF_TOOL);
    CXPLAT_UDP_DATAPATH_CALLBACKS Callbacks = { Receive, Unreachable };
    CXPLAT_DATAPATH_INIT_CONFIG Init = { 0 };
    CXPLAT_DATAPATH* Datapath = NULL;
    if (Pool == NULL || QUIC_FAILED(CxPlatDataPathInitialize(CONTEXT, &Callbacks, NULL, Pool, &Init, &Datapath))) return 2;
    ExpectEqual("joins datagrams", !!(Datapath->Features & CXPLAT_DATAPATH_FEATURE_RECV_COALESCING), (uint64_t)Joined);
    uint16_t Port, OtherPort;
    CXPLAT_SOCKET* Socket = NewSocket(Datapath, &Port);
    CXPLAT_SOCKET* Other = NewSocket(Datapath, &OtherPort);

    CheckFamily(AF_INET, Port);
    CheckFamily(AF_INET6, Port);
    CheckTurns(Socket, Port, OtherPort);

    CxPlatSocketDelete(Other);
    CxPlatSocketDelete(Socket);
    CxPlatDataPathUninitialize(Datapath);
    CxPlatWorkerPoolDelete(Pool, CXPLAT_WORKER_POOL_REF_TOOL);
    CxPlatUninitialize();
    CxPlatSystemUnload();
    if (Failures == 0) printf("ok\n");
    return Failures == 0 ? 0 : 1;
}
