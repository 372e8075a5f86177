package io.millrace.broker.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The reference page says what the handlers say; -Dreference.write=true writes it. */
class ApiReferencePageTest {
  private static final Path PAGE = Path.of("../docs/reference/kafka-api.md");

  /**
   * All handlers there are, made without what they work on: only their API and versions are asked
   * for.
   */
  private static Collection<ApiHandler<?>> handlers() throws ReflectiveOperationException {
    List<ApiHandler<?>> handlers = new ArrayList<>();
    for (JavaClass found :
        new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.millrace.broker.handler")) {
      if (found.isAssignableTo(ApiHandler.class)
          && !found.getModifiers().contains(JavaModifier.ABSTRACT)) {
        Constructor<?> constructor = found.reflect().getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        @Nullable Object[] nothing = new @Nullable Object[constructor.getParameterCount()];
        for (int i = 0; i < nothing.length; i++) {
          nothing[i] = zero(constructor.getParameterTypes()[i]);
        }
        handlers.add((ApiHandler<?>) constructor.newInstance(nothing));
      }
    }
    return new ApiTable(handlers, () -> ApiFeatures.NONE).handlers();
  }

  private static @Nullable Object zero(Class<?> type) {
    return type.isPrimitive() ? Array.get(Array.newInstance(type, 1), 0) : null;
  }

  @Test
  void theReferencePageIsUpToDate() throws Exception {
    String text = ApiReferencePage.text(handlers());
    if (Boolean.getBoolean("reference.write")) {
      Files.createDirectories(PAGE.getParent());
      Files.writeString(PAGE, text);
    }
    assertThat(Files.readString(PAGE)).isEqualTo(text);
  }

  @Test
  void whatIsNotServedHasAReason() throws Exception {
    assertThat(ApiReferencePage.unexplained(handlers())).isEmpty();
  }
}
