/* Formats of Indian CRMs: dates and times, money, phone numbers. */
#include <string.h>

#include "internal.h"

#define IST_AHEAD (5 * 3600 + 30 * 60)
#define DAY ((int64_t)24 * 3600)

static bool is_leap(int year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool jf_is_datetime(const jf_datetime *when) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (when->year < 1 || when->year > 9999 || when->month < 1 || when->month > 12) {
        return false;
    }
    int last = days[when->month - 1] + (when->month == 2 && is_leap(when->year) ? 1 : 0);
    return when->day >= 1 && when->day <= last && when->hour >= 0 && when->hour <= 23 && when->minute >= 0 &&
           when->minute <= 59 && when->second >= 0 && when->second <= 59;
}

/* The number in text[from..to]; -1 if it is not all digits or beyond the text. */
static int digits(jf_str text, size_t from, size_t to) {
    jf_str part = jf_slice(text, from, to);
    int64_t number = -1;
    return part.len == to - from && jf_is_digits(part) && jf_integer(part, &number) ? (int)number : -1;
}

/* Whether text starts like `pattern`, in which `0` matches any digit. */
static bool shaped(jf_str text, const char *pattern) {
    size_t len = strlen(pattern);
    if (text.len < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        if (pattern[i] == '0' ? !digit : text.ptr[i] != pattern[i]) {
            return false;
        }
    }
    return true;
}

bool jf_parse_date(jf_str text, jf_datetime *into) {
    if (text.len != 10 || !shaped(text, "0000-00-00")) {
        return false;
    }
    jf_datetime date = {.year = digits(text, 0, 4), .month = digits(text, 5, 7), .day = digits(text, 8, 10)};
    if (!jf_is_datetime(&date)) {
        return false;
    }
    into->year = date.year;
    into->month = date.month;
    into->day = date.day;
    return true;
}

bool jf_parse_time(jf_str text, jf_datetime *into) {
    if (text.len != 5 || !shaped(text, "00:00")) {
        return false;
    }
    int hour = digits(text, 0, 2);
    int minute = digits(text, 3, 5);
    if (hour > 23 || minute > 59) {
        return false;
    }
    into->hour = hour;
    into->minute = minute;
    return true;
}

/* Days since 1970-01-01 in the Gregorian calendar. Years begin in March here, so that a leap day is the last day. */
static int64_t days_since_1970(int year, int month, int day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400; /* years are positive */
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool jf_parse_instant(jf_str text, int64_t *seconds) {
    if (!shaped(text, "0000-00-00") || text.len < 20 || (text.ptr[10] | 0x20) != 't' ||
        !shaped(jf_slice(text, 11, text.len), "00:00:00")) {
        return false;
    }
    jf_datetime when = {digits(text, 0, 4),   digits(text, 5, 7),   digits(text, 8, 10),
                        digits(text, 11, 13), digits(text, 14, 16), digits(text, 17, 19)};
    if (when.second == 60) { /* a leap second, which clocks that count seconds since 1970 do not have */
        when.second = 59;
    }
    if (!jf_is_datetime(&when)) {
        return false;
    }
    size_t at = 19;
    if (text.ptr[at] == '.') {
        size_t start = ++at;
        while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9') {
            at++;
        }
        if (at == start) {
            return false;
        }
    }
    jf_str zone = jf_slice(text, at, text.len);
    int64_t offset = 0;
    if (zone.len == 6 && (shaped(zone, "+00:00") || shaped(zone, "-00:00"))) {
        int hours = digits(zone, 1, 3);
        int minutes = digits(zone, 4, 6);
        if (hours > 23 || minutes > 59) {
            return false;
        }
        offset = (zone.ptr[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    } else if (!jf_is_nocase(zone, "z")) {
        return false;
    }
    int64_t days = days_since_1970(when.year, when.month, when.day);
    *seconds = days * DAY + when.hour * 3600 + when.minute * 60 + when.second - offset;
    return true;
}

jf_datetime jf_in_ist(int64_t seconds) {
    /* 0001-01-01 and 9999-12-31 in India: years beyond have more than four digits. */
    const int64_t first = -62135596800 - IST_AHEAD;
    const int64_t last = 253402300799 - IST_AHEAD;
    seconds = seconds < first ? first : seconds > last ? last : seconds;
    int64_t local = seconds + IST_AHEAD;
    int64_t days = local / DAY - (local % DAY < 0 ? 1 : 0);
    int64_t rest = local - days * DAY;
    days += 719468;
    int64_t era = days / 146097;
    int64_t of_era = days - era * 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    jf_datetime when = {
        .year = (int)(year + era * 400 + (month >= 10 ? 1 : 0)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(of_year - (153 * month + 2) / 5 + 1),
        .hour = (int)(rest / 3600),
        .minute = (int)(rest / 60 % 60),
        .second = (int)(rest % 60),
    };
    return when;
}

jf_str jf_rfc3339_ist(const jf_datetime *when) {
    return jf_format("%04d-%02d-%02dT%02d:%02d:%02d+05:30", when->year, when->month, when->day, when->hour,
                     when->minute, when->second);
}

jf_str jf_rupees(int64_t rupees) {
    uint64_t amount = rupees < 0 ? 0 - (uint64_t)rupees : (uint64_t)rupees;
    jf_str plain = jf_format("%llu", (unsigned long long)amount);
    jf_text text = {0};
    if (rupees < 0) {
        jf_add_char(&text, '-');
    }
    for (size_t i = 0; i < plain.len; i++) {
        size_t to_come = plain.len - i;
        /* A comma precedes the last three digits and every two digits before them. */
        if (i > 0 && to_come >= 3 && to_come % 2 == 1) {
            jf_add_char(&text, ',');
        }
        jf_add_char(&text, plain.ptr[i]);
    }
    return jf_text_str(&text);
}

static bool is_mobile(jf_str national) {
    return national.len == 10 && jf_is_digits(national) && national.ptr[0] >= '6';
}

jf_str jf_phone_e164(jf_str text) {
    char dense[13];
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (strchr(" -.()", text.ptr[i]) != NULL && text.ptr[i] != 0) {
            continue;
        }
        if (len == sizeof dense) {
            return JF_NONE;
        }
        dense[len++] = text.ptr[i];
    }
    jf_str number = {dense, len};
    size_t prefix = len == 11 && jf_starts_with(number, "0")     ? 1
                    : len == 12 && jf_starts_with(number, "91")  ? 2
                    : len == 13 && jf_starts_with(number, "+91") ? 3
                                                                 : 0;
    jf_str national = jf_slice(number, prefix, len);
    return is_mobile(national) ? jf_format("+91" JF_FMT, JF_ARG(national)) : JF_NONE;
}

jf_str jf_phone_ten_digits(jf_str e164) {
    jf_str national = jf_slice(e164, 3, e164.len);
    return jf_starts_with(e164, "+91") && is_mobile(national) ? national : JF_NONE;
}
