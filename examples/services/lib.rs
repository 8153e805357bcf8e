//! Examples that need a web framework or an exporter. They are beside this file, in a package of
//! their own, so that the other examples build without these dependencies.
