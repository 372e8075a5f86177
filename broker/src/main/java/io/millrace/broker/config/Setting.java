package io.millrace.broker.config;

/**
 * A value somebody gave.
 *
 * @param where "line 12", "--set", ...
 */
record Setting(String key, String value, String where) {}
