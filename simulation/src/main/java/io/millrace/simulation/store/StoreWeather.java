package io.millrace.simulation.store;

/**
 * How a store treats requests.
 *
 * @param lostRequestPerMille never arrive: no answer, nothing happens
 * @param lostReplyPerMille happen, without an answer
 * @param latePerMille no answer, and happen up to minutes later
 * @param refusedPerMille answered with 409 or 503: nothing happens
 * @param slowPerMille take seconds instead of milliseconds
 */
public record StoreWeather(
    int lostRequestPerMille,
    int lostReplyPerMille,
    int latePerMille,
    int refusedPerMille,
    int slowPerMille) {
  public static final StoreWeather CALM = new StoreWeather(0, 0, 0, 0, 1);
  public static final StoreWeather CHANGEABLE = new StoreWeather(3, 3, 3, 5, 5);
  public static final StoreWeather ROUGH = new StoreWeather(25, 25, 25, 50, 40);
}
