# Installation: the command, the two libraries that monitors link, their headers, pkg-config files and a CMake package.
include(CMakePackageConfigHelpers)

install(TARGETS semgap RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS semgap_runtime_static semgap_runtime_shared semgap_memory EXPORT semgapTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(CRYPTO_FOUND)
  install(TARGETS semgap_verify EXPORT semgapTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
install(DIRECTORY runtime/include/semgap DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# CMake: find_package(semgap) gives semgap::static, semgap::shared, semgap::source and semgap::verify.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/semgap)
install(EXPORT semgapTargets NAMESPACE semgap:: DESTINATION ${package_dir})
configure_package_config_file(cmake/semgap-config.cmake.in ${PROJECT_BINARY_DIR}/semgap-config.cmake
  INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/semgap-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/semgap-config.cmake ${PROJECT_BINARY_DIR}/semgap-config-version.cmake
  DESTINATION ${package_dir})
install(FILES cmake/monitor.cmake DESTINATION ${package_dir})

# pkg-config: the prefix is relative to the file, so that an installed tree may be moved.
file(RELATIVE_PATH SEMGAP_PC_TO_PREFIX /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
set(pc_files semgap semgap-source)
if(CRYPTO_FOUND)
  list(APPEND pc_files semgap-verify)
endif()
foreach(name IN LISTS pc_files)
  configure_file(cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

# Manual, completions, licence.
install(FILES docs/man/semgap.1 docs/man/semgap-guest.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES completions/semgap.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME semgap)
install(FILES completions/_semgap DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES LICENSE README.md CHANGELOG.md docs/blob-format.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs/guides docs/schema DESTINATION ${CMAKE_INSTALL_DOCDIR})
