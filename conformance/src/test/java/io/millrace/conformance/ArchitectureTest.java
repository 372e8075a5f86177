package io.millrace.conformance;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Map;
import java.util.Set;

/**
 * The layers, and the doors: time, chance, threads and files come in through runtime, so that the
 * simulation can swap them. The command line is outside of the simulated world and needs no door.
 */
@AnalyzeClasses(packages = "io.millrace", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String[] OUTSIDE_THE_SIMULATION = {
    "io.millrace.runtime..",
    "io.millrace.cli..",
    "io.millrace.conformance..",
    "io.millrace.benchmarks.."
  };

  /** Methods that read a clock or throw dice, by owner. */
  private static final Map<String, Set<String>> CLOCKS_AND_DICE =
      Map.of(
          "java.lang.System", Set.of("nanoTime", "currentTimeMillis"),
          "java.lang.Math", Set.of("random"),
          "java.time.Instant", Set.of("now"),
          "java.time.Clock", Set.of("systemUTC", "systemDefaultZone"),
          "java.util.UUID", Set.of("randomUUID"),
          "org.apache.kafka.common.Uuid", Set.of("randomUuid"),
          "org.apache.kafka.common.utils.Time", Set.of("SYSTEM"));

  private static final DescribedPredicate<JavaAccess<?>> CLOCK_OR_DICE =
      describe(
          "reads a clock or throws dice",
          access ->
              CLOCKS_AND_DICE
                  .getOrDefault(access.getTargetOwner().getName(), Set.of())
                  .contains(access.getTarget().getName()));

  private static final DescribedPredicate<JavaClass> CHANCE =
      describe(
          "a source of chance",
          type ->
              Set.of(
                      "java.util.Random",
                      "java.util.SplittableRandom",
                      "java.util.concurrent.ThreadLocalRandom",
                      "java.security.SecureRandom")
                  .contains(type.getName()));

  private static final DescribedPredicate<JavaClass> MAKES_THREADS =
      describe(
          "makes threads",
          type ->
              Set.of(
                      "java.util.concurrent.Executors",
                      "java.util.concurrent.ForkJoinPool",
                      "java.util.concurrent.ThreadPoolExecutor",
                      "java.util.concurrent.ScheduledThreadPoolExecutor",
                      "java.util.Timer")
                  .contains(type.getName()));

  private static final DescribedPredicate<JavaAccess<?>> THREAD_CALL =
      describe(
          "makes a thread, sleeps or hands work to the common pool",
          access ->
              (access.getTargetOwner().getName().equals("java.lang.Thread")
                      && Set.of("<init>", "sleep", "ofPlatform", "ofVirtual", "startVirtualThread")
                          .contains(access.getTarget().getName()))
                  || (access
                          .getTargetOwner()
                          .getName()
                          .equals("java.util.concurrent.CompletableFuture")
                      && Set.of("orTimeout", "completeOnTimeout", "delayedExecutor")
                          .contains(access.getTarget().getName())));

  private static final DescribedPredicate<JavaClass> FILES =
      describe(
          "opens files",
          type ->
              Set.of(
                      "java.nio.file.Files",
                      "java.nio.channels.FileChannel",
                      "java.io.RandomAccessFile",
                      "java.io.FileInputStream",
                      "java.io.FileOutputStream",
                      "java.io.File")
                  .contains(type.getName()));

  @ArchTest
  static final ArchRule modulesDependOneWay =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("io.millrace..")
          .withOptionalLayers(true)
          .layer("protocol")
          .definedBy("io.millrace.protocol..")
          .layer("runtime")
          .definedBy("io.millrace.runtime..")
          .layer("objectstore")
          .definedBy("io.millrace.objectstore..")
          .layer("storage")
          .definedBy("io.millrace.storage..")
          .layer("coordinator")
          .definedBy("io.millrace.coordinator..")
          .layer("broker")
          .definedBy("io.millrace.broker..")
          .layer("cli")
          .definedBy("io.millrace.cli..")
          .whereLayer("protocol")
          .mayNotAccessAnyLayer()
          .whereLayer("runtime")
          .mayNotAccessAnyLayer()
          .whereLayer("objectstore")
          .mayOnlyAccessLayers("runtime")
          .whereLayer("storage")
          .mayOnlyAccessLayers("protocol", "runtime", "objectstore")
          .whereLayer("coordinator")
          .mayOnlyAccessLayers("protocol", "runtime", "objectstore", "storage")
          .whereLayer("broker")
          .mayOnlyAccessLayers("protocol", "runtime", "objectstore", "storage", "coordinator")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer();

  @ArchTest
  static final ArchRule onlyRuntimeReadsClocksAndThrowsDice =
      noClasses()
          .that()
          .resideOutsideOfPackages(OUTSIDE_THE_SIMULATION)
          .should()
          .accessTargetWhere(CLOCK_OR_DICE);

  @ArchTest
  static final ArchRule onlyRuntimeKnowsSourcesOfChance =
      noClasses()
          .that()
          .resideOutsideOfPackages(OUTSIDE_THE_SIMULATION)
          .should()
          .dependOnClassesThat(CHANCE);

  @ArchTest
  static final ArchRule onlyRuntimeMakesThreads =
      noClasses()
          .that()
          .resideOutsideOfPackages(OUTSIDE_THE_SIMULATION)
          .should()
          .dependOnClassesThat(MAKES_THREADS);

  @ArchTest
  static final ArchRule onlyRuntimeStartsOrStopsAThread =
      noClasses()
          .that()
          .resideOutsideOfPackages(OUTSIDE_THE_SIMULATION)
          .should()
          .accessTargetWhere(THREAD_CALL);

  @ArchTest
  static final ArchRule onlyRuntimeOpensFiles =
      noClasses()
          .that()
          .resideOutsideOfPackages(OUTSIDE_THE_SIMULATION)
          .should()
          .dependOnClassesThat(FILES);

  @ArchTest
  static final ArchRule onlyTheNetworkSeesNetty =
      noClasses()
          .that()
          .resideOutsideOfPackages("io.millrace.broker.network..")
          .should()
          .dependOnClassesThat(resideInAnyPackage("io.netty.."));

  @ArchTest
  static final ArchRule onlyTheS3StoreSeesTheAwsSdk =
      noClasses()
          .that()
          .resideOutsideOfPackages("io.millrace.objectstore.s3..")
          .should()
          .dependOnClassesThat(resideInAnyPackage("software.amazon.."));

  @ArchTest
  static final ArchRule namesSayWhatAClassIs =
      classes().should().haveNameNotMatching(".*(Impl|Manager|Helper|Helpers|Util|Utils)");
}
