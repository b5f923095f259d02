/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HEED_PARSERS_NOTICE_SES_H
#define HEED_PARSERS_NOTICE_SES_H

/*
 * Amazon SES's notifications as Amazon SNS mails them to a subscriber: one JSON object about one
 * message, and a footer (docs.aws.amazon.com/ses/latest/dg/notification-contents.html; the same
 * with "eventType" in event-publishing-retrieving-sns-contents.html). Bounce, Complaint, Delivery
 * and DeliveryDelay are read; others (Send, Open …) say nothing of delivery.
 */

#include "parsers/reading.h"

/* False, and nothing changed, when it is none: what SNS sends comes from
 * no-reply@sns.amazonaws.com.
 */
bool heed_notice_ses_read(HeedReading *reading);

#endif
