/* What the parts of the simulation share: its events, its flows and the path. */

#pragma once

#include "path.h"

#define PACKET 1472u
#define CAPACITY (1u << 18) /* packets that can be remembered for each flow */
#define ACK_DELAY (25 * MILLISECOND)

typedef enum { SENT, ACKED, LOST, FORGOTTEN } FATE;

typedef struct {
    QUIC_SENT_PACKET_METADATA Meta;
    FATE Fate;
} PACKET_RECORD;

typedef enum { EVENT_FLUSH, EVENT_ARRIVAL, EVENT_ACK, EVENT_ACK_TIMER, EVENT_LOSS_TIMER, EVENT_APP, EVENT_TRACE } EVENT_TYPE;

typedef struct {
    uint64_t Time, Order, Value, Extra;
    EVENT_TYPE Type;
    uint32_t Flow;
} EVENT;

typedef struct {
    uint64_t* Numbers;
    uint32_t Count, Capacity;
} NUMBERS;

typedef struct {
    QUIC_CONNECTION* Connection;
    PACKET_RECORD* Packets;
    FLOW_PLAN* Plan;
    FLOW_RESULT* Result;
    uint64_t NextNumber, Oldest;
    uint64_t ToSend; /* bytes, with those to be sent again */
    uint64_t AppGiven;
    uint64_t LostListed;
    uint64_t FlushTime;     /* of the event that counts; 0: none */
    uint64_t LossTimerTime; /* the same */
    BOOLEAN BulkStarted;
    /* the receiver */
    NUMBERS Pending;
    uint64_t LargestReceived;
    uint64_t OldestPending;
    uint64_t AckTimerTime;
    BOOLEAN HasReceived;
    NUMBERS* Acks;
    uint64_t AckCount, AckCapacity;
    uint64_t LastAckArrival;
    uint64_t LastArrival;
    uint64_t TenthStart, TenthBytes;
} FLOW;

extern uint64_t Now;
extern FLOW Flows[MAX_FLOWS];
extern RUN* This;

/* Of path.c. */

void Push(uint64_t Time, EVENT_TYPE Type, uint32_t Flow, uint64_t Value, uint64_t Extra);
double Uniform(void);
void Transmit(uint32_t Index, uint64_t Number, uint64_t SentTime);

/* Of sender.c. */

QUIC_CONGESTION_CONTROL* Cc(FLOW* Flow);
void ScheduleFlush(uint32_t Index, uint64_t Time);
void Flush(uint32_t Index);
void OnAck(uint32_t Index, uint64_t Ack, uint64_t AckDelay);
void OnLossTimer(uint32_t Index);
